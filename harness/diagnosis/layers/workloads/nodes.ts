import type { V1Node } from '@kubernetes/client-node'
import { reasonOf } from '#errors.ts'
import { isDone, isReady } from '#kube/pods.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { meshNamespacesOf } from '#diagnosis/mesh-namespaces.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * Nodes of a cluster that are not ready, in the kubelet’s own words. One that carried Istio or the name server lies
 * beneath whatever else is wrong there; one that carries nothing of the mesh is a note.
 */
export const nodesNotReady = async (cluster: SurveyedCluster): Promise<{ findings: Finding[]; notes: string[] }> => {
  const nodes = await cluster.reads.nodes().catch((): V1Node[] => [])
  const carrying = await nodesOfMesh(cluster)
  const notReady = nodes.flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    return ready && ready.status !== 'True' ? [{ name: metadata?.name ?? '', ready }] : []
  })
  const bad = notReady.filter(({ name }) => carrying.has(name))
  const idle = notReady.filter(({ name }) => !carrying.has(name)).map(({ name }) => name)
  const notes =
    idle.length === 0 ? [] : [`${cluster.name}: nodes are not ready that carry nothing of the mesh: ${idle.join(', ')}`]
  const [first] = bad
  const lost = bad.map(({ name }) => name)
  const [istios, system] = await Promise.all([
    cluster.reads.podsIn(cluster.istioNamespace),
    cluster.reads.podsIn('kube-system'),
  ])
  const carriesOthers = [
    ...istios,
    ...system.filter(({ metadata }) => metadata?.labels?.['k8s-app'] === 'kube-dns'),
  ].some((pod) => lost.includes(pod.spec?.nodeName ?? '') && !isReady(pod))
  if (first === undefined) return { findings: [], notes }
  const finding: Finding = {
    code: 'MP-968',
    where: `${cluster.name} ${first.name}`,
    evidence: bad
      .slice(0, 5)
      .map(({ name, ready }) => `${name}: ${ready.reason ?? ''} ${ready.message ?? ''}`.trim().slice(0, 300)),
    fix: kubectl(cluster, `describe node ${first.name}`),
    clusters: [cluster.name],
    ...(carriesOthers ? { beneath: true as const } : {}),
  }
  return { findings: [finding], notes }
}

/** The nodes that pods of the mesh run on: workloads, Istio, the name server. Every node has pods of DaemonSets. */
const nodesOfMesh = async (cluster: SurveyedCluster): Promise<Set<string>> => {
  const [pods, namespaces] = await Promise.all([cluster.reads.pods(), meshNamespacesOf(cluster)])
  const ofMesh = pods
    .filter((pod) => !isDone(pod))
    .filter(
      ({ metadata }) =>
        (namespaces.has(metadata?.namespace ?? '') ||
          metadata?.namespace === cluster.istioNamespace ||
          metadata?.labels?.['k8s-app'] === 'kube-dns') &&
        !metadata?.ownerReferences?.some(({ kind }) => kind === 'DaemonSet'),
    )
  return new Set(ofMesh.flatMap(({ spec }) => spec?.nodeName ?? []))
}

/** Seconds that clocks may differ before certificates are refused as not yet valid. */
const tolerated = 60

/**
 * Nodes whose clocks differ. Each kubelet renews its lease every ten seconds by its own clock. A lease from the future,
 * or an old lease of a ready node, shows a wrong clock.
 */
export const clocksApart = async (clusters: SurveyedCluster[]): Promise<{ findings: Finding[]; notes: string[] }> => {
  const notes: string[] = []
  const perCluster = await Promise.all(
    clusters.map(async (cluster) => {
      try {
        const [leases, nodes] = await Promise.all([cluster.reads.nodeLeases(), cluster.reads.nodes()])
        const now = Date.now()
        return nodes.filter(isReadyNode).flatMap(({ metadata }) => {
          const renewed = leases.find((lease) => lease.metadata?.name === metadata?.name)?.spec?.renewTime
          const ahead = renewed === undefined ? undefined : (Number(new Date(renewed)) - now) / 1000
          return ahead === undefined ? [] : [{ cluster, node: metadata?.name ?? '', ahead }]
        })
      } catch (error) {
        notes.push(`clocks of ${cluster.name}’s nodes were not compared: ${reasonOf(error)}`)
        return []
      }
    }),
  )
  const clocks = perCluster.flat().sort((first, second) => first.ahead - second.ahead)
  const [slowest, fastest] = [clocks[0], clocks.at(-1)]
  if (!slowest || !fastest || fastest.ahead - slowest.ahead < tolerated) return { findings: [], notes }
  return {
    notes,
    findings: [
      {
        code: 'MP-969',
        where: `${slowest.cluster.name} ${slowest.node}, ${fastest.cluster.name} ${fastest.node}`,
        evidence: [
          `the clock of ${fastest.node} is ${Math.round(fastest.ahead - slowest.ahead)} s ahead of that of ` +
            `${slowest.node}, by the leases their kubelets renew`,
        ],
        fix: kubectl(
          slowest.cluster,
          'get leases -n kube-node-lease -o custom-columns=N:.metadata.name,T:.spec.renewTime',
        ),
      },
    ],
  }
}

const isReadyNode = ({ status }: V1Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
