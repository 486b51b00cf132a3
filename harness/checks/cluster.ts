import type { X509Certificate } from 'node:crypto'
import type {
  V1Deployment,
  V1EndpointSlice,
  V1Node,
  V1Pod,
  V1Secret,
  V1Service,
  V1ServiceCIDR,
} from '@kubernetes/client-node'
import { readyAddresses } from '#kube/endpoint-slices.ts'
import { isReady, readyPod } from '#kube/pods.ts'
import { authorityIn, signingRoots } from '#probes/cacerts.ts'
import { outsideSelector } from '#istio/echo.ts'
import { crossNetworkPort } from '#istio/gateway.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { addressNow } from '#istio/service-address.ts'
import type { Service } from '#istio/workloads.ts'
import { capture } from '#probes/capture.ts'
import { flowsOf, wireOf, type Wire } from '#probes/flows.ts'
import { accessLog, endpointsOf, trustOf, type AccessLine, type Proxy, type ProxyTrust } from '#probes/envoy.ts'
import { clientOf, type ClientLimits, type Client } from './client.ts'
import { istiodIn, type IstiodPod } from './control-plane.ts'
import type { Recorder } from './evidence.ts'
import { gatewayReplicas, type GatewayReplica } from './gateway-replicas.ts'
import { injectedPod, injectorsIn, type Injection, type Injector } from './injection.ts'
import { istiodHostOf, primariesOf } from '#topology/roles.ts'
import { upgradeOf, type Entrance, type TargetCluster, type Target } from './target.ts'
import { releasesIn, type Releases } from './releases.ts'
import { withVisitor, type Visitor } from './visitor.ts'

/** A cluster as a check sees it. */
export type Cluster = {
  name: string
  network: string
  role: 'primary' | 'remote'
  /** True where an istiod of the mesh should run here: in a primary, or where an external control plane runs. */
  hostsIstiod: boolean
  /** The version of helloworld that runs here. */
  version: string
  /** `host:port` of istiod for new sidecars here. */
  discovery: string
  /** The client in the mesh, and the client without a sidecar. */
  sleep: Client
  outside: Client
  helloworldAddress: () => Promise<string>
  /** The pod address of echo, and of the echo outside of the mesh. */
  echoAddress: () => Promise<string>
  outsideAddress: () => Promise<string>
  /** The pod address of the client without a sidecar, which serves nothing. */
  silentAddress: () => Promise<string>
  /** The address ranges of its pods and services, read from the API server. */
  ranges: () => Promise<{ pods: string[]; services: string[] }>
  /** The istiod pods that run here. */
  istiod: () => Promise<IstiodPod[]>
  /** Scales the pods behind a service, without waiting for them, and returns how many replicas there were. */
  scale: (service: Service, replicas: number) => Promise<number>
  /** Scales the client in the mesh, without waiting for the pods. */
  scaleSleep: (replicas: number) => Promise<void>
  /** The number of pods of that client, and of those that are ready with a sidecar. */
  sleepPods: () => Promise<{ total: number; ready: number }>
  /** Where requests of other networks enter: at every east-west gateway. None while the gateway has no address. */
  entrances: () => Promise<Entrance[]>
  /** The endpoints that the client’s proxy holds for an Envoy cluster, `address:port`, sorted. */
  endpoints: (envoyCluster: string) => Promise<string[]>
  /** The certificates of the live proxies here, by workload; without those that the mesh withholds. */
  proxyTrust: () => Promise<Record<string, ProxyTrust>>
  /** What signs workloads by the cluster’s cacerts, and the roots it leads to; undefined where there are none. */
  cacerts: () => Promise<{ intermediate: X509Certificate; roots: X509Certificate[] } | undefined>
  /** The lines of a proxy’s access log since a moment, where `matches` accepts them. */
  accessLog: (
    workload: 'sleep' | 'helloworld' | 'gateway',
    since: Date,
    matches: (line: AccessLine) => boolean,
  ) => Promise<AccessLine[]>
  /**
   * Captures the traffic between this cluster and others while `during` runs. Counts the flows that are TLS, and
   * those that show a text in clear.
   */
  wire: (text: string, during: () => Promise<unknown>) => Promise<Wire>
  /** What the webhook would make of a new pod in the mesh’s namespace. Nothing is created. */
  injection: (labels?: Record<string, string>) => Promise<Injection>
  /** What the webhook that a pod’s label selects would make of the pod, in a namespace that selects no webhook. */
  injectionBy: (label: string) => Promise<Injection>
  /** The webhooks that inject sidecars here. */
  injectors: () => Promise<Injector[]>
  /** The releases that the proxies and control planes here report. */
  releases: () => Promise<Releases>
  /** The ready pods of the east-west gateway, with the server names that they pass on. */
  gatewayReplicas: () => Promise<GatewayReplica[]>
  /**
   * Within an upgrade: runs `during` with a client in a new namespace, injected by the workloads’ revision.
   * `release` is the release of its proxy; undefined: the revision’s own.
   */
  withVisitor: <T>(release: string | undefined, during: (visitor: Visitor) => Promise<T>) => Promise<T>
  /** Addresses of a service’s ready pods, from the API server. */
  apiEndpoints: (service: Service) => Promise<string[]>
  /** The endpoints of the service at which this cluster’s proxies find istiod. */
  discoveryAddresses: () => Promise<string[]>
  /** The pods that are judged. In a lab these are all pods but visitors. */
  pods: () => Promise<V1Pod[]>
}

/** The handle of a cluster for one attempt of a check. */
export const clusterOf = (target: Target, cluster: TargetCluster, record: Recorder, limits: ClientLimits): Cluster => {
  const { kube, name, gateway, istioNamespace } = cluster
  const { mesh: meshNamespace, outside: outsideNamespace } = target.namespaces
  const proxy = (selector: string, namespace = meshNamespace): Proxy => ({ kube, namespace, selector })
  const proxies = {
    sleep: proxy('app=sleep'),
    helloworld: proxy('app=helloworld'),
    ...(gateway ? { gateway: proxy(gateway.selector, gateway.service.namespace) } : {}),
  }
  const readyEndpoints = async (namespace: string, service: string): Promise<string[]> => {
    const slices = await kube.list<V1EndpointSlice>({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace,
      selector: `kubernetes.io/service-name=${service}`,
    })
    return readyAddresses(slices).sort()
  }
  const entrances = async (): Promise<Entrance[]> => {
    if (cluster.entrances) return cluster.entrances
    const address = gateway && (await addressNow(cluster, gateway.service))
    return address === undefined ? [] : [{ address, port: crossNetworkPort }]
  }
  // A load balancer may send packets to a port of the nodes.
  const portsOnWire = async (): Promise<number[]> => {
    const entered = (await entrances()).map(({ port }) => port)
    const service = gateway && (await kube.get<V1Service>(gateway.service))
    const nodePorts = (service?.spec?.ports ?? []).flatMap(({ port, nodePort }) =>
      nodePort !== undefined && entered.includes(port) ? nodePort : [],
    )
    return [...new Set([5000, ...entered, ...nodePorts])]
  }
  return {
    name,
    network: cluster.network,
    role: cluster.role,
    hostsIstiod: primariesOf(target).map(istiodHostOf).includes(name),
    version: cluster.version,
    discovery: cluster.discovery,
    sleep: clientOf({ cluster: name, kube, namespace: meshNamespace }, record, limits),
    outside: clientOf({ cluster: name, kube, namespace: outsideNamespace }, record, limits),
    helloworldAddress: async () => (await readyPod(kube, meshNamespace, 'app=helloworld')).status?.podIP ?? '',
    echoAddress: async () => (await readyPod(kube, meshNamespace, 'app=echo')).status?.podIP ?? '',
    outsideAddress: async () => (await readyPod(kube, outsideNamespace, outsideSelector)).status?.podIP ?? '',
    silentAddress: async () => (await readyPod(kube, outsideNamespace, 'app=sleep')).status?.podIP ?? '',
    ranges: async () => {
      const nodes = await kube.list<V1Node>({ apiVersion: 'v1', kind: 'Node' })
      const services = await kube.list<V1ServiceCIDR>({ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' })
      const ranges = {
        pods: nodes.flatMap(({ spec }) => spec?.podCIDRs ?? []),
        services: services.flatMap(({ spec }) => spec?.cidrs ?? []),
      }
      record.add({ probe: 'ranges', cluster: name, ...ranges })
      return ranges
    },
    istiod: () => istiodIn(cluster, target.since, record),
    scale: async (service, replicas) => {
      const deployment = `${service}-${cluster.version}`
      const place = { name: deployment, namespace: meshNamespace }
      record.add({ probe: 'scale', cluster: name, deployment, replicas })
      const before = await kube.get<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', ...place })
      await kube.merge({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: place, spec: { replicas } })
      return before?.spec?.replicas ?? 1
    },
    scaleSleep: (replicas) => {
      record.add({ probe: 'scale', cluster: name, deployment: 'sleep', replicas })
      return kube.merge({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'sleep', namespace: meshNamespace },
        spec: { replicas },
      })
    },
    sleepPods: async () => {
      const pods = (
        await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: meshNamespace, selector: 'app=sleep' })
      ).filter(({ metadata }) => !metadata?.deletionTimestamp)
      return { total: pods.length, ready: pods.filter((pod) => isReady(pod) && proxyOf(pod) !== undefined).length }
    },
    entrances,
    endpoints: async (envoyCluster) => {
      const endpoints = await endpointsOf(proxies.sleep, envoyCluster)
      record.add({ probe: 'endpoints', proxy: `${name} ${meshNamespace}/sleep`, cluster: envoyCluster, endpoints })
      return endpoints
    },
    proxyTrust: async () => {
      const trust = await Promise.all(
        Object.entries(proxies)
          .filter(([workload]) => workload !== 'gateway' || target.withheld.gateways === undefined)
          .map(async ([workload, workloadProxy]) => [workload, await trustOf(workloadProxy)] as const),
      )
      for (const [workload, { chain, roots }] of trust) {
        record.add({
          probe: 'certificates',
          proxy: `${name} ${workload}`,
          chain: chain.map(describe),
          roots: roots.map(describe),
        })
      }
      return Object.fromEntries(trust)
    },
    cacerts: async () => {
      const secret = await kube.get<V1Secret>({
        apiVersion: 'v1',
        kind: 'Secret',
        name: 'cacerts',
        namespace: istioNamespace,
      })
      const authority = secret?.data && authorityIn(secret.data)
      const intermediate = authority?.intermediate
      const signing = authority ? signingRoots(authority) : []
      const roots = signing.length > 0 ? signing : (authority?.roots ?? [])
      record.add({
        probe: 'cacerts',
        cluster: name,
        intermediate: intermediate && describe(intermediate),
        roots: roots.map(describe),
      })
      return intermediate && roots.length > 0 ? { intermediate, roots } : undefined
    },
    accessLog: async (workload, since, matches) => {
      const writer = proxies[workload]
      if (!writer) throw new Error(`${name} has no ${workload}`)
      const lines = (await accessLog(writer, since)).filter(matches)
      record.add({ probe: 'access log', proxy: `${name} ${workload}`, lines: lines.length, newest: lines.at(-1) })
      return lines
    },
    wire: async (text, during) => {
      const filter = (await portsOnWire()).map((port) => `tcp port ${port}`).join(' or ')
      const { pcap } = await capture(kube, outsideNamespace, filter, during)
      const wire = wireOf(flowsOf(pcap), text)
      record.add({ probe: 'capture', node: name, looksFor: text, ...wire })
      return wire
    },
    injection: async (labels = {}) => {
      const injection = await injectedPod(kube, meshNamespace, labels)
      record.add({ probe: 'injection', in: name, labels, ...injection })
      return injection
    },
    injectionBy: async (label) => {
      const injection = await injectedPod(kube, outsideNamespace, { 'istio.io/rev': label })
      record.add({ probe: 'injection', in: name, label, ...injection })
      return injection
    },
    injectors: async () => {
      const injectors = await injectorsIn(kube)
      record.add({ probe: 'injectors', in: name, injectors })
      return injectors
    },
    releases: () => releasesIn(target, cluster, record),
    gatewayReplicas: () => gatewayReplicas(cluster, record),
    withVisitor: (release, during) => {
      const { stage, proxyImage, clientImage } = upgradeOf(target)
      const revision = stage.workloads[name]?.revision ?? 'default'
      return withVisitor(
        cluster,
        { revision, client: clientImage, proxy: release === undefined ? undefined : proxyImage(release) },
        record,
        limits,
        during,
      )
    },
    apiEndpoints: (service) => readyEndpoints(meshNamespace, service),
    discoveryAddresses: () => readyEndpoints(istioNamespace, cluster.discovery.split('.')[0] ?? ''),
    pods: async () =>
      (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' })).filter(({ metadata }) =>
        target.judges(metadata?.namespace ?? ''),
      ),
  }
}

/** A certificate in words: subject, issuer, and SHA-256 fingerprint. */
export const describe = (certificate: X509Certificate): object => ({
  subject: words(certificate.subject),
  issuer: words(certificate.issuer),
  san: certificate.subjectAltName ?? '',
  sha256: certificate.fingerprint256,
})

// A workload's own certificate has no subject: its name is in the SAN.
const words = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ')
