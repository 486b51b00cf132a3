import { fixture } from './fixture.ts'
import { cacertsFor } from '#lab/certificate-authority.ts'
import { gatewayAddress } from './gateway.ts'
import { installIstio } from './istioctl.ts'
import { controlPlaneSpec, gatewaySpec, remoteSpec } from './operator.ts'
import { rolesOf, step, type Step } from './procedure.ts'
import { addRemoteSecret } from './remote-secret.ts'
import { deployWorkloads, workloadsReady } from './workloads.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import type { Manifest } from '#kube/client.ts'
import type { Topology } from '#topology/topology-file.ts'

// Steps that several procedures have in common. Each procedure still names every one of its own steps, in its own
// order: a step is made here, and its place among the others is said there.

/** Names of the steps that others wait for. */
export const named = {
  trust: (cluster: string): string => `${cluster}: istio-system and intermediate of the shared root CA`,
  controlPlane: (cluster: string): string => `${cluster}: control plane`,
  gatewayAddress: (cluster: string): string => `${cluster}: address of the gateway`,
  gateway: (cluster: string): string => `${cluster}: gateway`,
  exposed: (cluster: string): string => `${cluster}: control plane exposed`,
  servicesExposed: (cluster: string): string => `${cluster}: services exposed`,
  remote: (cluster: string): string => `${cluster}: remote profile`,
  remoteSecret: (of: string, to: string): string => `${to}: remote secret of ${of}`,
  workloads: (cluster: string): string => `${cluster}: workloads`,
}

/**
 * Namespace istio-system with the cluster's network, for a remote also with who controls it, and cacerts from the
 * shared root.
 */
export const trust = (cluster: string): Step =>
  step(
    named.trust(cluster),
    async (lab) => {
      const { kube, role, network } = lab.cluster(cluster)
      const annotations = role === 'remote' ? { 'topology.istio.io/controlPlaneClusters': lab.primary.name } : {}
      await kube.apply([
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'istio-system', labels: { 'topology.istio.io/network': network }, annotations },
        },
        await cacertsFor(await lab.root(), cluster),
      ])
    },
    [`${cluster}: created`],
  )

/** istiod with the minimal profile; `global` is what makes it this topology's. */
export const controlPlane = (
  cluster: string,
  global: (lab: Lab) => Promise<Record<string, unknown>> | Record<string, unknown> = () => ({}),
): Step =>
  step(
    named.controlPlane(cluster),
    async (lab, signal) => {
      const at = lab.cluster(cluster)
      return installIstio(at, controlPlaneSpec(at, lab, await global(lab)), signal)
    },
    [named.trust(cluster)],
  )

/**
 * A gateway's service ahead of its proxy: the load balancer has the address long before the gateway runs, and some need
 * that alone.
 */
export const earlyGatewayAddress = (cluster: string): Step =>
  step(
    named.gatewayAddress(cluster),
    async (lab, signal) => {
      await lab.cluster(cluster).kube.apply(await fixture('workloads/gateway-service.yaml'))
      await gatewayAddress(lab.cluster(cluster), signal)
    },
    [named.trust(cluster), `${cluster}: load balancer`],
  )

/** An east-west gateway; `labelled` ones are found by their network label. */
export const gateway = (cluster: string, after: string[], { labelled }: { labelled: boolean }): Step =>
  step(
    named.gateway(cluster),
    (lab, signal) => installIstio(lab.cluster(cluster), gatewaySpec(lab.cluster(cluster), lab, labelled), signal),
    after,
  )

/** Installs the remote profile of a cluster that is served from elsewhere. */
export const installRemote = (
  lab: Lab,
  remote: LabCluster,
  remotePilotAddress: string,
  signal: AbortSignal,
): Promise<void> => installIstio(remote, remoteSpec(remote, lab, remotePilotAddress), signal)

/** The remote profile of a cluster, with the address at which its proxies and webhooks find istiod. */
export const remoteProfile = (
  remote: string,
  discoveryAddress: (lab: Lab, signal: AbortSignal) => Promise<string>,
  after: string[],
): Step =>
  step(
    named.remote(remote),
    async (lab, signal) => installRemote(lab, lab.cluster(remote), await discoveryAddress(lab, signal), signal),
    after,
  )

/** What the procedure puts beside a control plane so that other clusters reach it. */
export const exposed = (
  cluster: string,
  exposure: (topology: Topology) => Promise<Manifest[]>,
  after?: string[],
): Step =>
  step(named.exposed(cluster), async (lab) => lab.cluster(cluster).kube.apply(await exposure(lab.topology)), after)

/** The remote secret of one cluster in another, from its reader service account. */
export const remoteSecret = (of: string, to: string, after: string[]): Step =>
  step(
    named.remoteSecret(of, to),
    (lab, signal) => addRemoteSecret({ of: lab.cluster(of), to: lab.cluster(to) }, signal),
    after,
  )

/** Objects of fixtures/ applied in one cluster. */
export const applied = (name: string, cluster: string, files: string[], after?: string[]): Step =>
  step(
    name,
    async (lab) => {
      for (const file of files) await lab.cluster(cluster).kube.apply(await fixture(file))
    },
    after,
  )

/** The Gateway resource by which an east-west gateway passes on every service of the mesh. */
export const servicesExposed = (cluster: string, after?: string[]): Step =>
  applied(named.servicesExposed(cluster), cluster, ['workloads/expose-services.yaml'], after)

/** sleep, the service of helloworld and this cluster's version of it, rolled out. */
export const workloads = (cluster: string, after: string[]): Step =>
  step(
    named.workloads(cluster),
    async (lab, signal) => {
      await deployWorkloads(lab.cluster(cluster), lab.images)
      await workloadsReady(lab.cluster(cluster), signal)
    },
    after,
  )

/** Authentication as the variant wants it: required in the whole mesh, or off (seed 003). */
export const mutualTls = (topology: Topology, after: (primary: string) => string[]): Step[] =>
  rolesOf(topology).primaries.map((primary) =>
    step(
      `${primary}: mutual TLS ${topology.mtls === 'strict' ? 'required' : 'off'}`,
      async (lab) =>
        lab
          .cluster(primary)
          .kube.apply(await fixture(`policies/mtls-${topology.mtls}.yaml`, { policynamespace: 'istio-system' })),
      after(primary),
    ),
  )
