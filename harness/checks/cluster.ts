import type { X509Certificate } from 'node:crypto'
import type { V1EndpointSlice, V1Node, V1Pod, V1Secret, V1ServiceCIDR } from '@kubernetes/client-node'
import { readyAddresses } from '#kube/endpoint-slices.ts'
import { isReady, readyPod } from '#kube/pods.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { addressNow } from '#istio/service-address.ts'
import { capture } from '#probes/capture.ts'
import { flowsOf, wireOf, type Wire } from '#probes/flows.ts'
import {
  accessLog,
  certificatesIn,
  endpointsOf,
  trustOf,
  type AccessLine,
  type Proxy,
  type ProxyTrust,
} from '#probes/envoy.ts'
import { clientOf, type Asking, type Client } from './client.ts'
import { istiodIn, type IstiodPod } from './control-plane.ts'
import type { Recorder } from './evidence.ts'
import { gatewayReplicas, type GatewayReplica } from './gateway-replicas.ts'
import { injectedPod, injectorsIn, type Injection, type Injector } from './injection.ts'
import { upgradeOf, type TargetCluster, type Target } from './target.ts'
import { releasesIn, type Releases } from './releases.ts'
import { withVisitor, type Visitor } from './visitor.ts'

/** One cluster as a check sees it. */
export type Cluster = {
  name: string
  network: string
  role: 'primary' | 'remote'
  /** The version of helloworld that runs here. */
  version: string
  /** `host:port` at which new sidecars here are to find istiod. */
  discovery: string
  /** The client in the mesh, and the one without a sidecar. */
  sleep: Client
  outside: Client
  helloworldAddress: () => Promise<string>
  /** The pod address of the client without a sidecar: it serves nothing. */
  silentAddress: () => Promise<string>
  /** The ranges its pods and services get their addresses from, as the API server has them now. */
  ranges: () => Promise<{ pods: string[]; services: string[] }>
  /** The istiod pods that run here. */
  istiod: () => Promise<IstiodPod[]>
  /** Scales helloworld; it does not wait for what follows. */
  scaleHelloworld: (replicas: number) => Promise<void>
  /** Scales the client in the mesh; it does not wait for what follows. */
  scaleSleep: (replicas: number) => Promise<void>
  /** How many pods of that client there are, and how many are ready with a sidecar. */
  sleepPods: () => Promise<{ total: number; ready: number }>
  /** The address the load balancer gave the east-west gateway; undefined while it has none. */
  gatewayAddress: () => Promise<string | undefined>
  /** What the client's proxy holds for a service, `address:port`, sorted. */
  endpoints: (cluster: string) => Promise<string[]>
  /** Certificates of the live proxies here that may be asked, by workload. */
  proxyTrust: () => Promise<Record<string, ProxyTrust>>
  /** The intermediate and the root of the cluster's cacerts; undefined where there are none. */
  cacerts: () => Promise<{ intermediate: X509Certificate; root: X509Certificate } | undefined>
  /** The lines of a proxy's access log since a moment that match. */
  accessLog: (
    of: 'sleep' | 'helloworld' | 'gateway',
    since: Date,
    matches: (line: AccessLine) => boolean,
  ) => Promise<AccessLine[]>
  /**
   * What passes between this cluster and others while `during` runs: how much of it is TLS, and how much shows a text
   * in clear.
   */
  wire: (text: string, during: () => Promise<unknown>) => Promise<Wire>
  /** What a new pod of the mesh's namespace would be turned into; nothing is created. */
  injection: (labels?: Record<string, string>) => Promise<Injection>
  /** What a new pod would be turned into that asks for one webhook by its label, in a namespace that asks for none. */
  injectionBy: (label: string) => Promise<Injection>
  /** The webhooks that inject here. */
  injectors: () => Promise<Injector[]>
  /** What the proxies and control planes here say that they run. */
  releases: () => Promise<Releases>
  /** The ready pods of the east-west gateway, and what they pass on. */
  gatewayReplicas: () => Promise<GatewayReplica[]>
  /**
   * Within an upgrade: runs `during` with a client in a new namespace, of the workloads’ revision and with the proxy
   * of a release, if not the revision’s own.
   */
  withVisitor: <T>(release: string | undefined, during: (visitor: Visitor) => Promise<T>) => Promise<T>
  /** Addresses of helloworld's ready pods, from the API server. */
  apiEndpoints: () => Promise<string[]>
  /** Where this cluster's proxies find istiod: the endpoints of its service. */
  discoveryAddresses: () => Promise<string[]>
  /** The pods that are judged: in a lab, every one. */
  pods: () => Promise<V1Pod[]>
}

/** A cluster's handle for one attempt of a check. */
export const clusterOf = (target: Target, cluster: TargetCluster, record: Recorder, asking: Asking): Cluster => {
  const { kube, name, gateway, istioNamespace } = cluster
  const { mesh: meshNamespace, outside: outsideNamespace } = target.namespaces
  const proxy = (selector: string, namespace = meshNamespace): Proxy => ({ kube, namespace, selector })
  const proxies = {
    sleep: proxy('app=sleep'),
    helloworld: proxy('app=helloworld'),
    ...(gateway ? { gateway: proxy(gateway.selector, gateway.service.namespace) } : {}),
  }
  const slices = async (namespace: string, service: string): Promise<string[]> => {
    const found = await kube.list<V1EndpointSlice>({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace,
      selector: `kubernetes.io/service-name=${service}`,
    })
    return readyAddresses(found).sort()
  }
  return {
    name,
    network: cluster.network,
    role: cluster.role,
    version: cluster.version,
    discovery: cluster.discovery,
    sleep: clientOf({ cluster: name, kube, namespace: meshNamespace }, record, asking),
    outside: clientOf({ cluster: name, kube, namespace: outsideNamespace }, record, asking),
    helloworldAddress: async () => (await readyPod(kube, meshNamespace, 'app=helloworld')).status?.podIP ?? '',
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
    scaleHelloworld: (replicas) => {
      record.add({ probe: 'scale', cluster: name, deployment: `helloworld-${cluster.version}`, replicas })
      return kube.merge({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `helloworld-${cluster.version}`, namespace: meshNamespace },
        spec: { replicas },
      })
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
    gatewayAddress: async () => (gateway ? addressNow(cluster, gateway.service) : undefined),
    endpoints: async (of) => {
      const endpoints = await endpointsOf(proxies.sleep, of)
      record.add({ probe: 'endpoints', proxy: `${name} ${meshNamespace}/sleep`, cluster: of, endpoints })
      return endpoints
    },
    proxyTrust: async () => {
      const trust = await Promise.all(
        Object.entries(proxies)
          .filter(([workload]) => workload !== 'gateway' || target.withheld.gateways === undefined)
          .map(async ([workload, of]) => [workload, await trustOf(of)] as const),
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
      const read = (key: string): X509Certificate | undefined =>
        certificatesIn(Buffer.from(secret?.data?.[key] ?? '', 'base64').toString())[0]
      const [intermediate, root] = [read('ca-cert.pem'), read('root-cert.pem')]
      record.add({
        probe: 'cacerts',
        cluster: name,
        intermediate: intermediate && describe(intermediate),
        root: root && describe(root),
      })
      return intermediate && root ? { intermediate, root } : undefined
    },
    accessLog: async (of, since, matches) => {
      const writes = proxies[of]
      if (!writes) throw new Error(`${name} has no ${of}`)
      const lines = (await accessLog(writes, since)).filter(matches)
      record.add({ probe: 'access log', proxy: `${name} ${of}`, lines: lines.length, newest: lines.at(-1) })
      return lines
    },
    wire: async (text, during) => {
      const { pcap } = await capture(kube, outsideNamespace, 'tcp port 5000 or tcp port 15443', during)
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
        asking,
        during,
      )
    },
    apiEndpoints: () => slices(meshNamespace, 'helloworld'),
    discoveryAddresses: () => slices(istioNamespace, cluster.discovery.split('.')[0] ?? ''),
    pods: async () =>
      (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' })).filter(({ metadata }) =>
        target.judges(metadata?.namespace ?? ''),
      ),
  }
}

/** A certificate in words: whose, from whom, and its SHA-256 fingerprint. */
export const describe = (certificate: X509Certificate): object => ({
  subject: words(certificate.subject),
  issuer: words(certificate.issuer),
  san: certificate.subjectAltName ?? '',
  sha256: certificate.fingerprint256,
})

// A workload's own certificate has no subject: its name is in the SAN.
const words = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ')
