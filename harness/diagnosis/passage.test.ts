import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { requirePassage } from './passage.ts'

const entrance = (network: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'istio-eastwestgateway',
    namespace: 'istio-system',
    labels: { 'topology.istio.io/network': network },
  },
  spec: { selector: { istio: 'eastwestgateway' }, ports: [{ port: 15443 }] },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
})

const gateway = (name: string, hosts: string[], mode = 'AUTO_PASSTHROUGH'): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace: 'istio-system' },
  spec: { selector: { istio: 'eastwestgateway' }, servers: [{ port: { number: 15443 }, tls: { mode }, hosts }] },
})

/** Whether services of a new namespace, probe, cross from the first network to the second one with these Gateways. */
const passageWith = async (...gateways: Manifest[]): Promise<void> =>
  requirePassage(
    await surveyOf(
      { network: 'network1', more: [entrance('network1'), gateway('cross', ['*.local'])] },
      { network: 'network2', more: [entrance('network2'), ...gateways] },
    ),
    'probe',
  )

describe('a namespace that is added to a mesh of two networks', () => {
  test.each([
    ['every host of the mesh', gateway('cross', ['*.local'])],
    ['every host', gateway('cross', ['*'])],
    ['its hosts beside others', gateway('cross', ['*.shop.svc.cluster.local', '*.probe.svc.cluster.local'])],
    ['every host, with a namespace in front', gateway('cross', ['*/*.local'])],
  ])('is reached where a Gateway passes on %s', async (_, ...gateways) => {
    await expect(passageWith(...gateways)).resolves.toBeUndefined()
  })

  test('is reached where one of several Gateways passes it on', async () => {
    const own = gateway('own', ['*.probe.svc.cluster.local'])
    await expect(passageWith(gateway('cross', ['*.shop.svc.cluster.local']), own)).resolves.toBeUndefined()
  })

  test('is not reached where they name other namespaces alone: the message has the host to add', async () => {
    await expect(passageWith(gateway('cross', ['*.shop.svc.cluster.local']))).rejects.toMatchObject({
      code: 'MP-148',
      message: expect.stringMatching(/network2/),
      next: expect.stringContaining('*.probe.svc.cluster.local'),
    })
  })

  test.each([
    ['no Gateway', []],
    ['a Gateway that does not pass on', [gateway('cross', ['*.shop.svc.cluster.local'], 'SIMPLE')]],
  ])('%s is a fault, which is not said here', async (_, gateways) => {
    await expect(passageWith(...gateways)).resolves.toBeUndefined()
  })
})

test('in one network nothing needs to pass a gateway', async () => {
  const narrow = gateway('cross', ['*.shop.svc.cluster.local'])
  const mesh = await surveyOf({ more: [entrance('network1'), narrow] }, {})
  await expect(requirePassage(mesh, 'probe')).resolves.toBeUndefined()
})
