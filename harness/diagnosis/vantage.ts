import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { policiesOf } from './network-policy.ts'
import { isReady } from '#kube/pods.ts'
import { dial, type Dialled, type Vantage } from '#probes/dial.ts'

/** How many pods dial at most where NetworkPolicies limit the first. */
const mostTried = 3

/** A pod with a proxy, from which addresses can be dialled; `limited`: a NetworkPolicy says whom it may reach. */
type Place = { vantage: Vantage; limited: boolean }

/** Ready pods of a cluster with a proxy, each of another namespace, a gateway’s first. */
const placesIn = async (cluster: SurveyedCluster): Promise<Place[]> => {
  const { kube, reads, istioNamespace } = cluster
  const ready = (await reads.proxies()).filter(isReady)
  const isIstios = ({ metadata }: V1Pod): boolean => metadata?.namespace === istioNamespace
  const sorted = [...ready.filter(isIstios), ...ready.filter((pod) => !isIstios(pod))]
  const perNamespace = Map.groupBy(sorted, ({ metadata }) => metadata?.namespace ?? '')
  const firsts = [...perNamespace.values()].flatMap(([pod]) => pod ?? []).slice(0, mostTried)
  return Promise.all(
    firsts.map(async (pod) => ({
      vantage: { kube, namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' },
      limited: (await policiesOf('Egress', cluster, pod)).length > 0,
    })),
  )
}

/**
 * A ready pod of a cluster from which addresses can be dialled: one with a proxy, a gateway’s first.
 * @throws MeshproofError MP-122 when there is none: what is not dialled is not judged.
 */
export const vantageIn = async (cluster: SurveyedCluster): Promise<Vantage> => {
  const [first] = await placesIn(cluster)
  if (first) return first.vantage
  throw nothingToAsk('no pod with a proxy is ready, from which anything could be dialled', cluster.name)
}

/**
 * The pods of a cluster that may have to dial before a way counts as closed: the first alone, unless a NetworkPolicy
 * says whom it may reach. Then it may be kept from where it has nothing to do, and pods of other namespaces count too.
 */
export const vantagesIn = async (cluster: SurveyedCluster): Promise<Vantage[]> => {
  const places = await placesIn(cluster)
  const counting = places.slice(0, places[0]?.limited ? mostTried : 1)
  return counting.map(({ vantage }) => vantage)
}

/** Whether NetworkPolicies limit every pod of a cluster that could dial. */
export const isLimited = async (cluster: SurveyedCluster): Promise<boolean> =>
  (await placesIn(cluster)).every(({ limited }) => limited)

/** What was heard from an address, and the pod that heard it. */
export type Heard = Dialled & { vantage: Vantage }

/**
 * Dials an address from the pods of a cluster that count, until one finds it open; otherwise it returns what the first
 * one heard. @throws MeshproofError MP-122 where no pod can dial, and as `dial` does.
 */
export const dialFrom = async (cluster: SurveyedCluster, host: string, port: number): Promise<Heard> => {
  const from = async (vantage: Vantage): Promise<Heard> => ({ ...(await dial(vantage, host, port)), vantage })
  const heard = await from(await vantageIn(cluster))
  if (heard.open) return heard
  const [, ...others] = await vantagesIn(cluster)
  return (await Promise.all(others.map(from))).find(({ open }) => open) ?? heard
}

/** What a layer says that finds nothing to judge by. Its code is MP-122. */
export const nothingToAsk = (what: string, where: string): MeshproofError =>
  new MeshproofError('MP-122', {
    what,
    where,
    next: 'Deploy a workload with a sidecar, in every cluster and with its service.',
  })
