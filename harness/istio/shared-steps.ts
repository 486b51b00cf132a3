import { fixture } from './fixture.ts'
import { cacertsFor } from '#lab/certificate-authority.ts'
import { gatewayAddress } from './gateway.ts'
import { earlyService, installGatewayApi, installGatewayResource, isMadeByIstiod } from './gateway-api.ts'
import { install } from './install.ts'
import {
  configClusterOf,
  controlPlaneOf,
  externalControlPlaneOf,
  gatewayOf,
  gatewayResourceOf,
  type Installation,
  remoteOf,
} from './installation.ts'
import { leadersAnnotation } from './leaders.ts'
import { clustersByRole, step, type Step } from './procedure.ts'
import { addConfigSecret, addRemoteSecret } from './remote-secret.ts'
import { deployWorkloads, workloadsReady } from './workloads.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import type { Manifest } from '#kube/client.ts'
import type { Topology } from '#topology/topology-file.ts'

// Steps that several procedures have in common. Each procedure still names every one of its own steps, in its own
// order: a step is made here, and its place among the others is said there.

/** Names of the steps that others wait for. */
export const named = {
  trust: (cluster: string, { istioNamespace }: Topology): string =>
    `${cluster}: ${istioNamespace} and intermediate of the shared root CA`,
  controlPlane: (cluster: string): string => `${cluster}: control plane`,
  gatewayAddress: (cluster: string): string => `${cluster}: address of the gateway`,
  gateway: (cluster: string): string => `${cluster}: gateway`,
  gatewayApi: (cluster: string): string => `${cluster}: definitions of the Gateway API`,
  exposed: (cluster: string): string => `${cluster}: control plane exposed`,
  servicesExposed: (cluster: string): string => `${cluster}: services exposed`,
  remote: (cluster: string): string => `${cluster}: remote profile`,
  remoteSecret: (of: string, to: string): string => `${to}: remote secret of ${of}`,
  configCluster: (cluster: string): string => `${cluster}: config cluster`,
  configSecret: (of: string, to: string): string => `${to}: kubeconfig of the config cluster ${of}`,
  workloads: (cluster: string): string => `${cluster}: workloads`,
}

/**
 * Istio’s root namespace with the label of the cluster’s network, for a remote also with the annotation of its
 * control plane, and with cacerts from the shared root.
 */
export const trust = (cluster: string, topology: Topology): Step =>
  step(
    named.trust(cluster, topology),
    async (lab) => {
      const { kube, name, role, network, istioNamespace } = lab.cluster(cluster)
      const annotations = role === 'remote' ? { [leadersAnnotation]: lab.primary.name } : {}
      await kube.apply([
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: istioNamespace, labels: { 'topology.istio.io/network': network }, annotations },
        },
        await cacertsFor(await lab.root(), { name, istioNamespace }),
      ])
    },
    [`${cluster}: created`],
  )

/** A step that installs a part of Istio into a cluster, by the installer of the lab. */
const installing = (
  name: string,
  cluster: string,
  part: Installation['part'],
  installation: (lab: Lab, place: LabCluster, signal: AbortSignal) => Promise<Installation> | Installation,
  after: string[],
): Step => {
  const of = async (lab: Lab, signal: AbortSignal): Promise<Installation> =>
    installation(lab, lab.cluster(cluster), signal)
  return {
    ...step(name, async (lab, signal) => install(lab.cluster(cluster), lab, await of(lab, signal), signal), after),
    installs: { part, of },
  }
}

/** istiod with the minimal profile; `global` is what makes it this topology's. */
export const controlPlane = (
  cluster: string,
  topology: Topology,
  global: (lab: Lab) => Promise<Record<string, unknown>> | Record<string, unknown> = () => ({}),
): Step =>
  installing(
    named.controlPlane(cluster),
    cluster,
    'control-plane',
    async (lab, place) => controlPlaneOf(place, lab, await global(lab)),
    [named.trust(cluster, topology)],
  )

/**
 * A gateway's service, before its proxy. The load balancer gives it an address long before the gateway runs, and some
 * steps need only the address.
 */
export const earlyGatewayAddress = (cluster: string, topology: Topology): Step =>
  step(
    named.gatewayAddress(cluster),
    async (lab, signal) => {
      const place = lab.cluster(cluster)
      const { istioNamespace } = topology
      await place.kube.apply(
        isMadeByIstiod(topology, cluster)
          ? [earlyService(istioNamespace, gatewayOf(place, lab, true).ports)]
          : await fixture('workloads/gateway-service.yaml', { istioNamespace }),
      )
      await gatewayAddress(place, signal)
    },
    [named.trust(cluster, topology), `${cluster}: load balancer`],
  )

/**
 * The definitions of the Gateway API, in every cluster in which istiod makes a gateway; nothing where gateways are
 * installed.
 */
export const gatewayApi = (topology: Topology): Step[] =>
  clustersByRole(topology)
    .all.filter((cluster) => isMadeByIstiod(topology, cluster))
    .map((cluster) =>
      step(
        named.gatewayApi(cluster),
        async (lab, signal) => {
          const files = lab.images.gatewayApi
          if (files === undefined) throw new Error('the images of the lab have no Gateway API')
          await installGatewayApi(lab.cluster(cluster), files, signal)
        },
        [`${cluster}: created`],
      ),
    )

/**
 * An east-west gateway; `labelled` ones are found by their network label. It is installed, or made by istiod from a
 * resource. With `istiod` it also passes requests to istiod on.
 */
export const gateway = (
  cluster: string,
  topology: Topology,
  after: string[],
  { labelled, istiod = false }: { labelled: boolean; istiod?: boolean },
): Step =>
  isMadeByIstiod(topology, cluster)
    ? step(
        named.gateway(cluster),
        (lab, signal) =>
          installGatewayResource(
            lab.cluster(cluster),
            gatewayResourceOf(lab.cluster(cluster), lab, { labelled, istiod }),
            signal,
          ),
        [...after, named.gatewayApi(cluster)],
      )
    : installing(named.gateway(cluster), cluster, 'gateway', (lab, place) => gatewayOf(place, lab, labelled), after)

/** Installs the remote profile of a cluster that is served from elsewhere. */
export const installRemote = (
  lab: Lab,
  remote: LabCluster,
  remotePilotAddress: string,
  signal: AbortSignal,
): Promise<void> => install(remote, lab, remoteOf(remote, lab, remotePilotAddress), signal)

/** The remote profile of a cluster, with the address at which its proxies and webhooks find istiod. */
export const remoteProfile = (
  remote: string,
  discoveryAddress: (lab: Lab, signal: AbortSignal) => Promise<string>,
  after: string[],
): Step =>
  installing(
    named.remote(remote),
    remote,
    'remote',
    async (lab, place, signal) => remoteOf(place, lab, await discoveryAddress(lab, signal)),
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
export const remoteSecret = (of: string, to: string, after: string[], serviceAccount?: string): Step =>
  step(
    named.remoteSecret(of, to),
    (lab, signal) =>
      addRemoteSecret(
        { of: lab.cluster(of), to: lab.cluster(to), ...(serviceAccount === undefined ? {} : { serviceAccount }) },
        signal,
      ),
    after,
  )

/** The config cluster of an external control plane, with the address at which its proxies and webhooks find istiod. */
export const configCluster = (
  config: string,
  discoveryAddress: (lab: Lab, signal: AbortSignal) => Promise<string>,
  after: string[],
): Step =>
  installing(
    named.configCluster(config),
    config,
    'remote',
    async (lab, place, signal) => configClusterOf(place, lab, await discoveryAddress(lab, signal)),
    after,
  )

/** The kubeconfig of its config cluster, for an istiod in another cluster. */
export const configSecret = (of: string, to: string, after: string[]): Step =>
  step(
    named.configSecret(of, to),
    (lab, signal) => addConfigSecret({ of: lab.cluster(of), to: lab.cluster(to) }, signal),
    after,
  )

/** istiod in one cluster, for a mesh that is configured in another. */
export const externalControlPlane = (host: string, config: string, after: string[]): Step =>
  installing(
    named.controlPlane(host),
    host,
    'control-plane',
    (lab, place) => externalControlPlaneOf(place, lab.cluster(config), lab),
    after,
  )

/** Objects of fixtures/ applied in one cluster. */
const applied = (name: string, cluster: string, files: string[], after?: string[]): Step =>
  step(
    name,
    async (lab) => {
      const { kube, istioNamespace } = lab.cluster(cluster)
      for (const file of files) await kube.apply(await fixture(file, { istioNamespace }))
    },
    after,
  )

/**
 * The resource of Istio by which an east-west gateway passes on every service of the mesh. A resource of the Gateway
 * API says that itself, for the gateways of all clusters that its istiod serves.
 */
export const servicesExposed = (
  cluster: string,
  { gateways }: Topology,
  after?: string[],
  name = named.servicesExposed(cluster),
): Step[] => (gateways === 'gateway-api' ? [] : [applied(name, cluster, ['workloads/expose-services.yaml'], after)])

/** sleep, the service of helloworld and this cluster's version of it, rolled out. */
export const workloads = (cluster: string, after: string[]): Step =>
  step(
    named.workloads(cluster),
    async (lab, signal) => {
      await deployWorkloads(lab.cluster(cluster), lab)
      await workloadsReady(lab.cluster(cluster), lab, signal)
    },
    after,
  )

/** Authentication as the variant wants it: required in the whole mesh, or off (seed 003). */
export const mutualTls = (topology: Topology, after: (primary: string) => string[]): Step[] =>
  clustersByRole(topology).primaries.map((primary) =>
    step(
      `${primary}: mutual TLS ${topology.mtls === 'strict' ? 'required' : 'off'}`,
      async (lab) =>
        lab
          .cluster(primary)
          .kube.apply(
            await fixture(`policies/mtls-${topology.mtls}.yaml`, { policynamespace: topology.istioNamespace }),
          ),
      after(primary),
    ),
  )
