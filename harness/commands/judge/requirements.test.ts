import { expect, test } from 'vitest'
import type { Permission } from '#kube/permissions.ts'
import { errorOf, fakeProgram, failingWith, emptyCache, withoutPrograms } from '#testing/edge.ts'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { conformanceVersion, requireConformance } from './programs.ts'
import { requireDefinitions, requireRights } from './requirements.ts'

const rights = async (allows: (permission: Permission) => boolean): Promise<void> => {
  const server = await apiServerOf([], { allows })
  await requireRights([server.cluster('east')])
}

test('whoever may do everything is let through', () => rights(() => true))

test.each<[string, (permission: Permission) => boolean]>([
  ['create httproutes.gateway.networking.k8s.io in', ({ resource }) => resource !== 'httproutes'],
  // The namespace is there before the tests, and they write it again.
  ['update namespaces gateway-conformance-mesh', ({ verb }) => verb !== 'update'],
  ['get deployments.apps in', ({ verb, resource }) => !(verb === 'get' && resource === 'deployments')],
])('%s: a right that a judge needs and the user lacks is listed by cluster', async (right, allows) => {
  expect(await errorOf(rights(allows))).toMatchObject({
    code: 'MP-372',
    exitCode: 2,
    message: expect.stringContaining(`context east: ${right}`),
  })
})

const withGatewayApi = (version: string) =>
  fakeKube({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'gateways.gateway.networking.k8s.io',
      annotations: { 'gateway.networking.k8s.io/bundle-version': version },
    },
  })

test('existing clusters need the release of the Gateway API that is judged', async () => {
  await requireDefinitions([{ context: 'east', kube: withGatewayApi('v1.6.3') }], 'v1.6.3')
  const clusters = [
    { context: 'east', kube: withGatewayApi('v1.4.0') },
    { context: 'west', kube: fakeKube() },
  ]
  expect(await errorOf(requireDefinitions(clusters, 'v1.6.3'))).toMatchObject({
    code: 'MP-373',
    message: expect.stringContaining('context east: v1.4.0, context west: none'),
    next: expect.stringContaining('v1.6.3'),
  })
})

test('the judge has the version of its pins', async () => {
  expect(await conformanceVersion()).toMatch(/^v\d+\.\d+\.\d+$/)
})

test.each([
  ['that cannot be downloaded', () => fakeProgram('go', failingWith('go: module lookup disabled by GOPROXY=off'))],
  ['without Go', withoutPrograms],
])('a judge %s is refused by its name', async (_, prepare) => {
  await emptyCache()
  await prepare()
  expect(await errorOf(requireConformance('v1.6.3', () => undefined))).toMatchObject({
    code: 'MP-370',
    exitCode: 2,
    message: expect.stringContaining('sigs.k8s.io/gateway-api/conformance v1.6.3'),
  })
})
