import type { Namespaces } from '#istio/workloads.ts'
import type { KubeClient, Ref } from '#kube/client.ts'
import type { Disruptions } from '#operations/disruptions.ts'
import type { PhaseId } from '#results/results.ts'
import type { Mtls } from '#topology/topology-file.ts'
import type { Client } from './client.ts'
import type { Recorder } from './evidence.ts'

/**
 * What a mesh that somebody else made may withhold from a check: `ranges` the API servers do not tell, certificates and
 * secrets that may not be read, an istiod and gateways that may not be asked, configuration that is not ours to change,
 * logs in a format that is not ours, and its very peace.
 */
export type Need =
  | 'ranges'
  | 'cacerts'
  | 'remote secrets'
  | 'istiod'
  | 'gateways'
  | 'discovery addresses'
  | 'meshNetworks'
  | 'access log'
  | 'gateway log'
  | 'capture'
  | 'disruption'

/** What is withheld, and why. */
export type Withheld = { readonly [need in Need]?: string | undefined }

/** An east-west gateway: its service, and the labels of its proxies. */
export type GatewayRef = { service: Ref; selector: string }

/** What an upgrade has reached: what holds now, and the name of the release it comes from. */
export type UpgradeStage = { stage: Stage; from: string }

/** An upgrade as its checks need to know it: with the image of a release’s proxy, and of a client. */
export type TargetUpgrade = UpgradeStage & { proxyImage: (release: string) => string; clientImage: string }

/** One cluster of a target. */
export type TargetCluster = {
  name: string
  network: string
  role: 'primary' | 'remote'
  /** The version of helloworld that runs here. */
  version: string
  readonly kube: KubeClient
  /** Istio’s root namespace. */
  istioNamespace: string
  /** `host:port` at which new sidecars here are told to find istiod. */
  discovery: string
  /** Its east-west gateway; a mesh of one network has none. */
  gateway?: GatewayRef | undefined
  /** The revisions of the control planes that run here; undefined: one, whatever it is called. */
  revisions?: string[] | undefined
}

/** A client without a certificate of the mesh. */
export type Stranger = Pick<Client, 'name' | 'getNow'>

/** A mesh as checks need to know it, whoever made it: a lab’s, or one of existing clusters. */
export type Target = {
  clusters: TargetCluster[]
  /** Whether workloads require mutual TLS, or do without. */
  mtls: Mtls
  namespaces: Namespaces
  trustDomain: string
  /** What services’ names end in. */
  domain: string
  /** Where the policy stands that says so: for the whole mesh, or for the workloads’ own namespace. */
  policyNamespace: string
  withheld: Withheld
  /** Whether pods and proxies of a namespace are judged. */
  judges: (namespace: string) => boolean
  /** Restarts of istiod before this moment are not judged; undefined: every restart is. */
  since?: Date
  /** The upgrade it is asked within; undefined: it is as it is. */
  upgrade?: TargetUpgrade
  /** What can be done to it; undefined where it is not ours to disrupt. */
  disruptions?: (signal: AbortSignal) => Disruptions
  /** Where remote clusters may find their control plane. */
  discoveryAddresses: (signal: AbortSignal) => Promise<string[]>
  /** Runs `during` with a client that is in no cluster; undefined where there is no place for one. */
  besideClusters?: <T>(record: Recorder, during: (stranger: Stranger) => Promise<T>) => Promise<T>
}

/** The upgrade that a check is asked within; only its own checks ask for it, and they are planned nowhere else. */
export const upgradeOf = ({ upgrade }: Target): TargetUpgrade => {
  if (!upgrade) throw new Error('this check was planned outside of an upgrade')
  return upgrade
}

/**
 * What proxies of one kind in one cluster must be after a phase: the release’s name, its Envoy, and the control
 * plane’s revision (`default` without one).
 */
export type Expected = { istio: string; envoy: string; revision: string }

/** What holds once a phase is over; the checks of an upgrade compare the mesh with it. It is data. */
export type Stage = {
  phase: PhaseId
  /** The revisions that run a control plane, by cluster: none in a remote one. */
  controlPlanes: Record<string, Expected[]>
  /**
   * What workloads that are restarted with the upgrade, and gateways, run; by cluster. Gateways only where there are
   * any.
   */
  workloads: Record<string, Expected>
  gateways: Record<string, Expected>
  gatewayReplicas: number
}
