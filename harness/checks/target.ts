import type { Namespaces } from '#istio/workloads.ts'
import type { KubeClient, Ref } from '#kube/client.ts'
import type { Disruptions } from '#operations/disruptions.ts'
import type { PhaseId } from '#results/results.ts'
import type { Mtls } from '#topology/topology-file.ts'
import type { Client } from './client.ts'
import type { Recorder } from './evidence.ts'

/**
 * What an existing mesh may withhold from a check: address ranges that its API servers do not report; certificates
 * and secrets that may not be read; istiod and gateways that may not be asked; configuration that is not ours to
 * change; logs in another format; packet captures; disruptions; networks that are separate beneath the mesh;
 * echo, whose image the clusters must have; pods in zones of their own.
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
  | 'separate networks'
  | 'echo'
  | 'zones'

/** The reason for each thing that a mesh withholds. */
export type Withheld = { readonly [need in Need]?: string | undefined }

/** Where requests from other networks enter a cluster: an address, and a port of it. */
export type Entrance = { address: string; port: number }

/** An entrance as clients dial it. */
export const placeOf = ({ address, port }: Entrance): string => `${address}:${port}`

/** An east-west gateway: its service, and the labels of its proxies. */
export type GatewayRef = { service: Ref; selector: string }

/** What an upgrade has reached: the state that must hold now, and the release it started from. */
export type UpgradeStage = { stage: Stage; from: string }

/** An upgrade with what its checks need: the image of a release’s proxy, and the image of a client. */
export type TargetUpgrade = UpgradeStage & { proxyImage: (release: string) => string; clientImage: string }

/** A cluster of a target. */
export type TargetCluster = {
  name: string
  network: string
  role: 'primary' | 'remote'
  /** The version of helloworld that runs here. */
  version: string
  readonly kube: KubeClient
  /** Istio’s root namespace. */
  istioNamespace: string
  /** The cluster in which the istiod of this primary runs, where that is another (an external control plane). */
  istiodIn?: string | undefined
  /** The API of that cluster. */
  readonly istiodKube?: KubeClient | undefined
  /** `host:port` of istiod for new sidecars here. */
  discovery: string
  /** The trust domain of its workloads; undefined: that of the mesh. */
  trustDomain?: string | undefined
  /** Its east-west gateway; a mesh of one network has none. */
  gateway?: GatewayRef | undefined
  /** Where others enter it, as its control planes know; undefined: at its gateway’s address, port 15443. */
  entrances?: Entrance[] | undefined
  /** The revisions of the control planes that run here; undefined: one control plane, of any revision. */
  revisions?: string[] | undefined
}

/** A client without a certificate of the mesh. */
export type Stranger = Pick<Client, 'name' | 'getNow'>

/** The mesh that the checks run against: a lab’s mesh, or an existing mesh. */
export type Target = {
  clusters: TargetCluster[]
  /** Whether the workloads require mutual TLS, or have it off. */
  mtls: Mtls
  namespaces: Namespaces
  trustDomain: string
  /** The domain that services’ names end in. */
  domain: string
  /** The namespace of the policies: the root namespace for the whole mesh, or the workloads’ own namespace. */
  policyNamespace: string
  withheld: Withheld
  /** The images of what checks deploy, by their roles; undefined where they deploy nothing. */
  images?: Record<string, string>
  /** True when the pods and proxies of a namespace are judged. */
  judges: (namespace: string) => boolean
  /** Restarts of istiod before this moment are not judged; undefined: every restart is judged. */
  since?: Date
  /** The upgrade in progress; undefined where there is none. */
  upgrade?: TargetUpgrade
  /** The disruptions of this mesh; undefined where the mesh is not ours to disrupt. */
  disruptions?: (signal: AbortSignal) => Disruptions
  /** The addresses at which remote clusters may find their control plane. */
  discoveryAddresses: (signal: AbortSignal) => Promise<string[]>
  /** Runs `during` with a client outside of all clusters; undefined where there is no place for such a client. */
  besideClusters?: <T>(record: Recorder, during: (stranger: Stranger) => Promise<T>) => Promise<T>
}

/**
 * The upgrade in progress. Only the checks of an upgrade ask for it, and only an upgrade plans them.
 * @throws Error where there is none.
 */
export const upgradeOf = ({ upgrade }: Target): TargetUpgrade => {
  if (!upgrade) throw new Error('this check was planned outside of an upgrade')
  return upgrade
}

/**
 * What the proxies of one kind in one cluster must run after a phase: the release, its Envoy, and the control
 * plane’s revision (`default` without one).
 */
export type Expected = { istio: string; envoy: string; revision: string }

/** The state that must hold after a phase, as data. The checks of an upgrade compare the mesh with it. */
export type Stage = {
  phase: PhaseId
  /** The control planes, by cluster. A remote cluster has none. */
  controlPlanes: Record<string, Expected[]>
  /**
   * What workloads that are restarted with the upgrade run, and what gateways run, by cluster. Only a mesh with
   * gateways has entries for gateways.
   */
  workloads: Record<string, Expected>
  gateways: Record<string, Expected>
  gatewayReplicas: number
}
