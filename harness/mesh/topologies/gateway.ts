import type { Lab, LabCluster } from '../../lab/lab.ts'
import { cacertsFor } from '../certificate-authority.ts'
import { fixture, gatewayAddress } from '../gateway.ts'
import { installIstio } from '../istioctl.ts'
import { placeholderNetworks, writeGatewayAddresses } from '../mesh-networks.ts'
import { commonSpec, gatewaySpec } from '../operator.ts'
import { addRemoteSecret } from '../remote-secret.ts'
import { step, type Topology } from '../topology.ts'
import { deployWorkloads, workloadsReady } from '../workloads.ts'

/**
 * Single control plane, two networks joined by gateways: split-horizon EDS from explicit `meshNetworks` (seed 000). The seed
 * installs with a placeholder address and patches it when the gateway has one. Both networks are configured, so that clients
 * of both clusters reach both versions; the seed configures the second alone and tests from cluster 1.
 */
export const gateway: Topology = {
  name: 'gateway',
  steps: [
    step('cluster1: intermediate of the shared root CA', (lab) => shareRoot(lab, lab.cluster('cluster1')), ['cluster1: created']),
    step('cluster2: intermediate of the shared root CA', (lab) => shareRoot(lab, lab.cluster('cluster2')), ['cluster2: created']),

    // The load balancer has the address long before the gateway runs: what needs the address alone need not wait for it.
    step('cluster1: address of the gateway', async (lab, signal) => {
      await lab.cluster('cluster1').kube.apply(await fixture('workloads/gateway-service.yaml'))
      await gatewayAddress(lab.cluster('cluster1'), signal)
    }, ['cluster1: intermediate of the shared root CA', 'cluster1: load balancer']),

    step('cluster1: control plane with placeholder gateways', (lab, signal) => {
      const primary = lab.cluster('cluster1')
      const global = { externalIstiod: true, meshNetworks: placeholderNetworks(lab.clusters) }
      return installIstio(primary, { ...commonSpec(primary, lab.images, global), profile: 'minimal' }, signal)
    }, ['cluster1: intermediate of the shared root CA']),

    step('cluster1: cross-network Gateway resource', async (lab) =>
      lab.cluster('cluster1').kube.apply([...(await fixture('workloads/expose-services.yaml')), ...(await fixture('workloads/expose-istiod.yaml'))])),

    step('cluster1: gateway', (lab, signal) => installIstio(lab.cluster('cluster1'), gatewaySpec(lab.cluster('cluster1'), lab.images), signal),
      ['cluster1: control plane with placeholder gateways']),

    step('cluster2: remote profile', async (lab, signal) => {
      const remote = lab.cluster('cluster2')
      const global = { remotePilotAddress: await gatewayAddress(lab.cluster('cluster1'), signal) }
      const spec = commonSpec(remote, lab.images, global)
      const injectionPath = `/inject/cluster/${remote.name}/net/${remote.network}`
      return installIstio(remote, { ...spec, profile: 'remote', values: { ...(spec['values'] as object), istiodRemote: { injectionPath } } }, signal)
    }, ['cluster1: address of the gateway', 'cluster2: intermediate of the shared root CA']),

    step('cluster1: remote secret of cluster2', (lab, signal) =>
      addRemoteSecret({ of: lab.cluster('cluster2'), to: lab.cluster('cluster1') }, signal), ['cluster2: remote profile']),

    step('cluster2: gateway', (lab, signal) => installIstio(lab.cluster('cluster2'), gatewaySpec(lab.cluster('cluster2'), lab.images), signal),
      ['cluster1: remote secret of cluster2', 'cluster1: gateway']),

    step('cluster1: workloads', async (lab, signal) => {
      await deployWorkloads(lab.cluster('cluster1'), lab.images)
      await workloadsReady(lab.cluster('cluster1'), signal)
    }, ['cluster1: control plane with placeholder gateways']),

    step('cluster2: workloads', async (lab, signal) => {
      await deployWorkloads(lab.cluster('cluster2'), lab.images)
      await workloadsReady(lab.cluster('cluster2'), signal)
    }, ['cluster1: remote secret of cluster2', 'cluster1: gateway']),

    step('cluster1: placeholders replaced by the gateways’ addresses', async (lab, signal) => {
      const addresses = await Promise.all(lab.clusters.map(async (cluster) => [cluster.network, await gatewayAddress(cluster, signal)] as const))
      await writeGatewayAddresses(lab.cluster('cluster1'), Object.fromEntries(addresses))
    }, ['cluster1: remote secret of cluster2']),
  ],
}

const shareRoot = async (lab: Lab, cluster: LabCluster): Promise<void> => {
  const labels = { 'topology.istio.io/network': cluster.network }
  const annotations = cluster.role === 'remote' ? { 'topology.istio.io/controlPlaneClusters': lab.primary.name } : {}
  await cluster.kube.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system', labels, annotations } },
    await cacertsFor(await lab.root(), cluster.name),
  ])
}
