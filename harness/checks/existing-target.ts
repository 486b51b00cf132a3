import type { V1Service } from '@kubernetes/client-node'
import type { Admission } from '#diagnosis/new-namespace.ts'
import { istiodApi, istiodPods } from '#istio/istiod-pods.ts'
import { addressOf } from '#istio/service-address.ts'
import type { Namespaces } from '#istio/workloads.ts'
import { isReady } from '#kube/pods.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { primariesOf } from '#topology/roles.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import type { Entrance, GatewayRef, Target, Withheld } from './target.ts'

/** An existing mesh as a target of checks. Ours are only the two namespaces and what they contain. */
export const existingTarget = ({
  clusters,
  kubeconfig,
  istioNamespace,
  mtls,
  trustDomain,
  domain,
  withheld,
  since,
}: ExistingMesh): Target => {
  const connected = connectContexts(
    clusters.map(({ context }) => context),
    kubeconfig,
  )
  const target: Target = {
    clusters: clusters.flatMap(({ context, istiodIn, ...cluster }) =>
      connected
        .filter((connection) => connection.context === context)
        .map(({ kube }) => {
          const home = clusters.find((other) => other.name === istiodIn)
          const istiodKube = connected.find((connection) => connection.context === home?.context)?.kube
          const { name, network, role, version, discovery, gateway, entrances, trustDomain: ownDomain } = cluster
          const own = { name, network, role, version, discovery, gateway, entrances, trustDomain: ownDomain }
          return { ...own, kube, istioNamespace, istiodIn, istiodKube }
        }),
    ),
    mtls,
    namespaces: ownNamespaces,
    trustDomain,
    domain,
    policyNamespace: ownNamespaces.mesh,
    withheld,
    judges: (namespace) => Object.values(ownNamespaces).includes(namespace),
    since: new Date(since),
    discoveryAddresses: async () => {
      const [primary] = primariesOf(target)
      if (!primary) return []
      const [pods, services] = await Promise.all([
        istiodPods(primary),
        istiodApi(primary).list<V1Service>({ apiVersion: 'v1', kind: 'Service' }),
      ])
      // Remote clusters reach istiod at its pods, or through a service that has its port.
      const istiodServices = services.filter(({ spec }) => spec?.ports?.some(({ port }) => port === 15012))
      return [
        ...pods.filter(isReady).flatMap(({ status }) => status?.podIP ?? []),
        ...istiodServices.flatMap((service) => addressOf(service) ?? []),
      ]
    },
  }
  return target
}

/** A cluster of an existing mesh, with what its test needs. */
export type ExistingMeshCluster = MeshShape['clusters'][number] & {
  context: string
  /** The labels by which a namespace here asks for sidecars. */
  injection: Record<string, string>
  /** `host:port` of istiod for new sidecars here. */
  discovery: string
  /** The trust domain that its workloads get their identities in. */
  trustDomain: string
  gateway?: GatewayRef
  /** Where others enter it, where its control planes know that. */
  entrances?: Entrance[]
  /** The cluster in which the istiod of this primary runs, where that is another. */
  istiodIn?: string
}

/** An existing mesh as data, which can be passed to another process. */
export type ExistingMesh = Omit<MeshShape, 'clusters'> & {
  clusters: ExistingMeshCluster[]
  kubeconfig?: string
  /** Istio’s root namespace: the same in every cluster. */
  istioNamespace: string
  trustDomain: string
  domain: string
  withheld: Withheld
  /** What our namespaces need so that the mesh treats them as its own. */
  admission: Admission
  since: string
}

/** The namespaces that a run makes in existing clusters. Everything that it creates is in them. */
export const ownNamespaces: Namespaces = { mesh: 'meshproof-app1', outside: 'meshproof-legacy' }
