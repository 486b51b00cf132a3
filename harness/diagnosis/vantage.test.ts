import { afterEach, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { survey } from '#probes/survey/survey.ts'
import { fakeApiServer, type FakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import { isLimited, vantageIn, vantagesIn } from './vantage.ts'

const servers: FakeApiServer[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const proxyIn = (namespace: string, name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
})
const limit = (namespace: string): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'egress', namespace },
  spec: { podSelector: {}, policyTypes: ['Egress'], egress: [] },
})

/** The pods that dial in a cluster with a gateway, two workloads, and these policies; and whether all are limited. */
const dialling = async (...policies: Manifest[]): Promise<[first: string, all: string[], limited: boolean]> => {
  const pods = [proxyIn('shop', 'cart'), proxyIn('shop', 'web'), proxyIn('istio-system', 'gateway')]
  const apis = await Promise.all([
    fakeApiServer(meshObjects('cluster1', { more: [...pods, ...policies] })),
    fakeApiServer(meshObjects('cluster2', { role: 'remote' })),
  ])
  servers.push(...apis)
  const [cluster] = (await survey(apis.map((server, index) => server.cluster(`context${index + 1}`)))).clusters
  const all = (await vantagesIn(cluster!)).map(({ pod }) => pod)
  return [(await vantageIn(cluster!)).pod, all, await isLimited(cluster!)]
}

test('a gateway dials; where a NetworkPolicy limits it, a pod of another namespace does as well', async () => {
  expect(await dialling()).toEqual(['gateway', ['gateway'], false])
  expect(await dialling(limit('shop'))).toEqual(['gateway', ['gateway'], false])
  expect(await dialling(limit('istio-system'))).toEqual(['gateway', ['gateway', 'cart'], false])
  expect(await dialling(limit('istio-system'), limit('shop'))).toEqual(['gateway', ['gateway', 'cart'], true])
})
