import { MeshproofError, reasonOf } from '#errors.ts'
import { addressesBehind, portBehind } from '#diagnosis/addresses.ts'
import { again, kubectl, type Finding } from '#diagnosis/layer.ts'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import { gatewayPlace } from '#diagnosis/places.ts'
import { keptLocalBy } from '#diagnosis/layers/endpoints/missing.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { clustersOf } from '#probes/envoy.ts'
import { toldClustersOf } from '#probes/envoy-clusters.ts'
import { listenersOf, serverNamesAt } from '#probes/envoy-listeners.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { behindName } from './behind-name.ts'
import { podName, type GatewayPod, type PassedName, type PodProblem } from './gateway-pod.ts'
import { listenerProblem } from './listener.ts'

/** How many pods of a gateway are asked. */
const sampled = 3

/**
 * What asking the pods of a gateway came to: what is wrong, what could not be asked, and, where nothing is wrong, names
 * that they pass on and have endpoints for.
 */
export type Passing = { findings: Finding[]; notes: string[]; passed: PassedName[] }

/**
 * A gateway’s live proxies take what comes from other networks, have the name of every shared service that runs
 * behind them, and endpoints for each (istio/istio#53690); what could not be asked is in the notes.
 */
export const notPassedOn = async (mesh: Survey, gateway: GatewayService): Promise<Passing> => {
  const { cluster, service } = gateway
  const { namespace = '', name = '' } = service.metadata ?? {}
  const shared = (await sharedServices(mesh)).filter(({ perCluster }) =>
    perCluster.some((part) => part.cluster.network === cluster.network && part.meshed.length > 0),
  )
  const clients = mesh.clusters.filter((client) => client.network !== cluster.network)
  // What the mesh config keeps in each cluster, no gateway needs to pass on.
  const passable = await Promise.all(
    shared.map(async (own) => {
      const kept = await Promise.all(clients.map((client) => keptLocalBy(mesh, client, own)))
      return kept.every((setting) => setting !== undefined) ? [] : own
    }),
  )
  const behind = passable.flat()
  const finding = ({ cause, evidence, fix }: PodProblem): Finding => ({
    code: 'MP-884',
    where: gatewayPlace(gateway),
    ...(cause === undefined ? {} : { cause }),
    evidence,
    fix,
    clusters: [cluster.name],
  })
  const show = kubectl(cluster, 'get gateways.networking.istio.io -A -o yaml')
  const port = service.spec?.ports?.find((candidate) => candidate.port === gateway.port)
  if (!port) {
    const evidence = [`its service has no port ${gateway.port}`]
    const fix = kubectl(cluster, `-n ${namespace} get service ${name} -o yaml`)
    return { findings: behind.length > 0 ? [finding({ evidence, fix })] : [], notes: [], passed: [] }
  }
  const addresses = await addressesBehind(cluster, namespace, name)
  const pods = (await cluster.reads.proxies()).filter(({ status }) => addresses.includes(status?.podIP ?? ''))
  if (pods.length === 0) {
    const evidence = ['no pod behind its service is a proxy of the mesh']
    return { findings: behind.length > 0 ? [finding({ evidence, fix: show })] : [], notes: [], passed: [] }
  }
  const listens = (await portBehind(cluster, namespace, name, port)) ?? gateway.port
  const notes =
    pods.length > sampled ? [`${sampled} of ${pods.length} pods of ${gatewayPlace(gateway)} were asked`] : []
  let passed: PassedName[] = []
  const look = async (): Promise<Finding[]> => {
    const asked = await Promise.all(
      pods.slice(0, sampled).map(async (pod): Promise<GatewayPod | string> => {
        const proxy = { kube: cluster.kube, namespace, pod: pod.metadata?.name ?? '' }
        try {
          const [listeners, held, told] = await Promise.all([
            listenersOf(proxy),
            clustersOf(proxy),
            toldClustersOf(proxy),
          ])
          return { gateway, pod, listens, listeners, held, told }
        } catch (error) {
          if (!(error instanceof MeshproofError)) throw error
          return `${gatewayPlace(gateway)}: ${reasonOf(error)}`
        }
      }),
    )
    notes.push(...asked.filter((answer) => typeof answer === 'string'))
    const read = asked.filter((answer) => typeof answer !== 'string')
    const problem = await problemOf(mesh, read, behind)
    passed = problem ? [] : read.slice(0, 1).flatMap((answer) => namesOf(answer, behind))
    return problem ? [finding(problem)] : []
  }
  // A configuration that is on its way to the pods is no problem yet.
  const findings = await again(look, 1, 1500)
  return { findings, notes: [...new Set(notes)], passed }
}

/** The names of shared services that a pod passes on, each with a healthy endpoint. */
const namesOf = ({ gateway, pod, held, listeners, listens }: GatewayPod, behind: MeshService[]): PassedName[] => {
  const from = { kube: gateway.cluster.kube, namespace: pod.metadata?.namespace ?? '', pod: podName({ pod }) }
  return serverNamesAt(listeners, listens)
    .filter((serverName) => behind.some(({ host }) => serverName.endsWith(`_._.${host}`)))
    .flatMap((serverName) => {
      const endpoint = held.get(serverName)?.find(({ unhealthy }) => unhealthy === undefined)
      return endpoint ? [{ from, serverName, endpoint }] : []
    })
}

/**
 * What is wrong with the pods of one gateway, all of them or some. AuthorizationPolicies are no part of it: istiod
 * builds the chains that pass on the mesh’s services without them. One that allows nothing refuses nobody here.
 */
const problemOf = async (mesh: Survey, pods: GatewayPod[], behind: MeshService[]): Promise<PodProblem | undefined> => {
  const judged = await Promise.all(
    pods.map(async (pod) => ({
      pod,
      problem: (await listenerProblem(mesh, pod, behind)) ?? (await behindName(mesh, pod, behind)),
    })),
  )
  const wrong = judged.flatMap(({ pod, problem }) => (problem ? [{ pod, problem }] : []))
  const [first] = wrong
  if (!first) return replicasApart(pods)
  const well = judged.filter(({ problem }) => problem === undefined)
  return {
    ...first.problem,
    evidence: [
      ...first.problem.evidence,
      ...wrong.slice(1).map(({ pod, problem }) => `${podName(pod)} as well: ${problem.evidence[0] ?? ''}`),
      ...well.map(({ pod }) => `${podName(pod)}, of the same service, passes on all of them`),
    ],
  }
}

/** Pods behind one address that do not pass on the same: which of them a connection meets is chance. */
const replicasApart = (pods: GatewayPod[]): PodProblem | undefined => {
  const perPod = pods.map((pod) => ({ pod, names: new Set(serverNamesAt(pod.listeners, pod.listens)) }))
  const allNames = new Set(perPod.flatMap(({ names }) => [...names]))
  const lacking = perPod.filter(({ names }) => names.size < allNames.size)
  const [first] = lacking
  if (!first) return undefined
  const { namespace = '' } = first.pod.pod.metadata ?? {}
  return {
    cause: 'the pods of one gateway do not pass on the same names',
    evidence: perPod.map(({ pod, names }) => {
      const missing = [...allNames].filter((name) => !names.has(name))
      const lacks = missing.length > 0 ? `, and not ${missing.slice(0, 3).join(', ')}` : ''
      return `${podName(pod)} passes on ${names.size} names${lacks}`
    }),
    fix: kubectl(first.pod.gateway.cluster, `-n ${namespace} delete pod ${podName(first.pod)}`),
  }
}
