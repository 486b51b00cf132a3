import { expect, test } from 'vitest'
import type { KubeClient, Manifest } from '#kube/client.ts'
import type { LabCluster } from '#lab/lab.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { errorOf } from '#testing/edge.ts'
import { type FakeKube, fakeKube } from '#testing/fake-kube.ts'
import { gatewayAddressesSoFar, meshNetworksOf, readGatewayAddresses, writeGatewayAddresses } from './mesh-networks.ts'

const clustersOf = async (network?: string): Promise<LabCluster[]> =>
  (await loadTopologyFile('gateway')).clusters.map((plan) => ({
    ...plan,
    network: network ?? plan.network,
    kubeconfig: '',
    istioctl: '',
    istioNamespace: 'istio-system',
    address: async () => '',
    applyText: async () => [],
    get kube(): KubeClient {
      throw new Error('no cluster is asked')
    },
  }))

test('an install knows every cluster’s network, and none of their gateways yet', async () => {
  expect(meshNetworksOf(await clustersOf())).toEqual({
    network1: { endpoints: [{ fromRegistry: 'cluster1' }], gateways: [{ address: '0.0.0.0', port: 15443 }] },
    network2: { endpoints: [{ fromRegistry: 'cluster2' }], gateways: [{ address: '0.0.0.0', port: 15443 }] },
  })
})

test('clusters of one network are both endpoints of it', async () => {
  expect(meshNetworksOf(await clustersOf('network1'))).toEqual({
    network1: {
      endpoints: [{ fromRegistry: 'cluster1' }, { fromRegistry: 'cluster2' }],
      gateways: [{ address: '0.0.0.0', port: 15443 }],
    },
  })
})

test('what is installed again keeps the addresses that are known', async () => {
  expect(meshNetworksOf(await clustersOf(), { network2: '172.18.0.9' })).toMatchObject({
    network1: { gateways: [{ address: '0.0.0.0' }] },
    network2: { gateways: [{ address: '172.18.0.9' }] },
  })
})

const configMap = (name: string, address: string, namespace = 'istio-system'): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: {
    meshNetworks:
      `networks: {network2: {endpoints: [{fromRegistry: cluster2}], gateways: [{address: ${address}, port: ` +
      '15443}]}}',
  },
})

const primary = (kube: FakeKube, istioNamespace = 'istio-system') => ({ name: 'cluster1', kube, istioNamespace })

test('addresses are read of the control plane that there is, and written to every one', async () => {
  const kube = fakeKube(configMap('istio', '172.18.0.9'), configMap('istio-next', '172.18.0.9'))
  expect(await readGatewayAddresses(primary(kube))).toEqual({ network2: '172.18.0.9' })
  await writeGatewayAddresses(primary(kube), { network2: '172.18.0.10' })
  await kube.remove({ apiVersion: 'v1', kind: 'ConfigMap', name: 'istio', namespace: 'istio-system' })
  expect(await readGatewayAddresses(primary(kube))).toEqual({ network2: '172.18.0.10' })
})

test('of several namespaces with a config map of that name, Istio’s own is read and written', async () => {
  const kube = fakeKube(configMap('istio', '172.18.0.9'), configMap('istio', '172.18.0.8', 'mesh-root'))
  expect(await readGatewayAddresses(primary(kube, 'mesh-root'))).toEqual({ network2: '172.18.0.8' })
  await writeGatewayAddresses(primary(kube, 'mesh-root'), { network2: '172.18.0.10' })
  expect(await readGatewayAddresses(primary(kube, 'mesh-root'))).toEqual({ network2: '172.18.0.10' })
  expect(await readGatewayAddresses(primary(kube))).toEqual({ network2: '172.18.0.9' })
})

test('before a control plane there are none so far, and none to be read', async () => {
  expect(await gatewayAddressesSoFar(primary(fakeKube()))).toEqual({})
  expect(await errorOf(readGatewayAddresses(primary(fakeKube())))).toMatchObject({ code: 'MP-510' })
})
