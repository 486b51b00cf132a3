import { expect, test } from 'vitest'
import type { Finding } from '#diagnosis/layer.ts'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { wrongDiscoveryAddress } from './discovery-address.ts'

const istiod: Manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'istiod-1', namespace: 'istio-system', labels: { app: 'istiod' } },
  status: { podIP: '10.18.0.5', conditions: [{ type: 'Ready', status: 'True' }] },
}

/** The service through which istiod is reached, with these addresses outside of its cluster. */
const entrance = (...addresses: string[]): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'istio-eastwestgateway', namespace: 'istio-system' },
  spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.9'], ports: [{ port: 15443 }, { port: 15012 }] },
  status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
})

/** Where a remote cluster finds istiod. */
const behindIstiod = (address: string): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'istiod-1',
    namespace: 'istio-system',
    labels: { 'kubernetes.io/service-name': 'istiod' },
  },
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [{ port: 15012 }],
})

/** What is found of a remote on this network that looks for istiod at this address. No pod can dial it. */
const found = async (network: string, address: string, ...offered: Manifest[]): Promise<Finding[]> => {
  const { clusters } = await surveyOf(
    { more: [istiod, ...offered] },
    { network, role: 'remote', more: [behindIstiod(address)] },
  )
  return wrongDiscoveryAddress(clusters[1]!, clusters[0])
}

test('an address of istiod, inside or outside of its cluster, is right', async () => {
  expect(await found('network2', '192.0.2.7', entrance('192.0.2.7'))).toEqual([])
  expect(await found('network1', '10.18.0.5')).toEqual([])
})

test('an address that istiod does not have, and at which nothing answers, is named beside those it has', async () => {
  expect(await found('network2', '192.0.2.8', entrance('192.0.2.7'))).toMatchObject([
    {
      code: 'MP-855',
      where: 'cluster2',
      evidence: [
        'cluster2 looks for istiod at 192.0.2.8 (not dialled)',
        'cluster1 offers it at 10.18.0.5, 10.96.0.9, 192.0.2.7',
      ],
      clusters: ['cluster2'],
    },
  ])
  expect(await found('network1', '10.18.0.4')).toMatchObject([{ code: 'MP-855' }])
})

test('where a control plane on another network offers no address, none is wrong: its gateway is missing', async () => {
  expect(await found('network2', '192.0.2.7')).toEqual([])
  expect(await found('network2', '192.0.2.7', entrance())).toEqual([])
})
