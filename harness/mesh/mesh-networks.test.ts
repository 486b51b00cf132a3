import { expect, test } from 'vitest'
import type { KubeClient } from '../kube/client.ts'
import type { LabCluster } from '../lab/lab.ts'
import { loadTopologyFile } from '../plan/topology-file.ts'
import { placeholderNetworks } from './mesh-networks.ts'

const clustersOf = async (network?: string): Promise<LabCluster[]> => (await loadTopologyFile('gateway')).clusters.map((plan) => ({
  ...plan, network: network ?? plan.network, kubeconfig: '', istioctl: '', address: async () => '', applyText: async () => [], get kube(): KubeClient { throw new Error('no cluster is asked') },
}))

test('an install knows every cluster’s network, and none of their gateways yet', async () => {
  expect(placeholderNetworks(await clustersOf())).toEqual({
    network1: { endpoints: [{ fromRegistry: 'cluster1' }], gateways: [{ address: '0.0.0.0', port: 15443 }] },
    network2: { endpoints: [{ fromRegistry: 'cluster2' }], gateways: [{ address: '0.0.0.0', port: 15443 }] },
  })
})

test('clusters of one network are both endpoints of it', async () => {
  expect(placeholderNetworks(await clustersOf('network1'))).toEqual({
    network1: { endpoints: [{ fromRegistry: 'cluster1' }, { fromRegistry: 'cluster2' }], gateways: [{ address: '0.0.0.0', port: 15443 }] },
  })
})
