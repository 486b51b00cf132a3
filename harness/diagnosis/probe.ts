import type { V1Namespace, V1Pod } from '@kubernetes/client-node'
import pMap from 'p-map'
import { MeshproofError, reasonOf } from '#errors.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { execIn, isReady } from '#kube/pods.ts'
import { askUntil, until } from '#kube/until.ts'
import { isSilence, meaning, requirePace } from '#probes/dial.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { lastWordsOf } from './last-words.ts'
import { type Asked, type Finding, kubectl, type MeshProbe } from './layer.ts'
import { requirePassage } from './passage.ts'
import { troubleOf } from './pod-trouble.ts'
import type { Answer } from './probe-answer.ts'
import { type Answers, askInRounds } from './probe-rounds.ts'
import { mountedRoot, rootMissing } from './root-missing.ts'
import { type Admission, admissionTo, exported, injectionIn } from './new-namespace.ts'
import { probeNamespace, probeObjects, probePod, serviceIn } from './probe-objects.ts'

/** A probe of a mesh. It creates nothing before its first use. `signal` stops its waits. */
export const probeOf = (mesh: Survey, signal: AbortSignal): MeshProbe => {
  let opened: Promise<Admission> | undefined
  const openAll = async (): Promise<Admission> => {
    const admission = await admissionTo(mesh)
    await Promise.all(mesh.clusters.map((cluster) => openNamespace(cluster, admission.labels, signal)))
    await Promise.all(primariesOf(mesh).map(({ kube, name }) => kube.apply(probeObjects.rules(mesh, name, admission))))
    return admission
  }
  const open = (): Promise<Admission> => (opened ??= openAll())
  let looked: Promise<Finding[]> | undefined
  const newPods = (): Promise<Finding[]> =>
    (looked ??= open().then(async () =>
      (await Promise.all(mesh.clusters.map((cluster) => newPodIn(mesh, cluster, signal)))).flat(),
    ))
  return {
    newPods,
    requests: async () => {
      await requirePassage(mesh, probeNamespace)
      const admission = await open()
      requireRoots(await newPods())
      await deployProbes(mesh, admission, signal)
      return askAllPairs(mesh, signal)
    },
    close: async () => {
      await opened?.catch(() => undefined)
      if (opened)
        await Promise.all(
          mesh.clusters.map(({ kube }) => kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: probeNamespace })),
        )
      if (opened) await Promise.all(mesh.clusters.map(gone))
    },
  }
}

/** A pod that waits for a certificate would only be waited for. @throws MeshproofError MP-401 where one is missing. */
const requireRoots = (findings: readonly Finding[]): void => {
  const rootless = findings.find(({ code }) => code === 'MP-847')
  if (rootless)
    throw new MeshproofError('MP-401', {
      what: 'The probe’s pods would not start',
      where: rootless.where,
      why: 'istiod does not hand out its root certificate there',
      next: rootless.fix,
    })
}

/** Makes the probe’s pods and services in every cluster, and waits until the pods are ready. */
const deployProbes = async (mesh: Survey, admission: Admission, signal: AbortSignal): Promise<void> => {
  const services = probeObjects.services(mesh).map((service) => exported(service, admission))
  await Promise.all(
    mesh.clusters.map(async (cluster, index) =>
      cluster.kube.apply([...services, probePod(cluster, index, await imageIn(mesh, cluster))]),
    ),
  )
  await Promise.all(mesh.clusters.map((cluster) => probeStarts(cluster, signal)))
}

/** Waits until the probe’s pod is ready. @throws MeshproofError MP-401, with the reason that the cluster gives. */
const probeStarts = async (cluster: SurveyedCluster, signal: AbortSignal): Promise<void> => {
  let pod: V1Pod | undefined
  await until(
    `the probe’s pod in ${cluster.name} is ready`,
    async () => {
      pod = await cluster.kube.get<V1Pod>({ apiVersion: 'v1', kind: 'Pod', name: 'probe', namespace: probeNamespace })
      return pod && isReady(pod)
    },
    { every: 250, within: 60_000, signal },
  ).catch(async (error: unknown) => {
    const trouble = pod && troubleOf(pod, Date.now())
    if (signal.aborted || !pod || !trouble) throw error
    const words = await lastWordsOf(cluster, pod, trouble.container ?? 'istio-proxy')
    throw new MeshproofError('MP-401', {
      what: 'The probe’s pod does not start',
      where: cluster.name,
      why: [trouble.said, ...words].join('; '),
      next: 'Diagnose without --probe: a layer below may name the cause.',
    })
  })
}

/** Sends requests from every cluster to every cluster. @throws MeshproofError MP-602 where everything is too slow. */
const askAllPairs = (mesh: Survey, signal: AbortSignal): Promise<Asked[]> => {
  const pairs = mesh.clusters.flatMap((from) => mesh.clusters.map((to, index) => ({ from, to, index })))
  return pMap(
    pairs,
    async ({ from, to, index }): Promise<Asked> => {
      const host = `${serviceIn(index)}.${probeNamespace}.svc.${mesh.domain}`
      // A new service takes a moment to reach every proxy, which is no failure. One that stays silent gets fewer
      // requests.
      const reached = await until(`${from.name} reaches ${host}`, async () => (await ask(from, host)) === '', {
        every: 250,
        within: 8_000,
        signal,
      }).catch((error: unknown) => {
        if (signal.aborted) throw error
        return false
      })
      const answers = await askInRounds(reached, () => ask(from, host))
      // At once, while what may have made the answers late still runs.
      await requirePaceOf(from, to, answers)
      const refusal = answers.errors.length > 0 ? await refusalOf(from, host) : undefined
      return { from, to, ...answers, ...(refusal ? { refusal } : {}) }
    },
    // Each request starts a program. Many at once on a machine with few processors make each other late.
    { concurrency: 2 },
  )
}

/** Refuses to judge silence in clusters that are too slow for a verdict. @throws MeshproofError MP-602. */
const requirePaceOf = async (from: SurveyedCluster, to: SurveyedCluster, { errors }: Answers): Promise<void> => {
  const silence = errors.find(isSilence)
  if (silence === undefined) return
  const vantage = { kube: from.kube, namespace: probeNamespace, pod: 'probe' }
  await requirePace(vantage, `${from.name} → ${to.name}: ${silence}`)
}

const gone = ({ kube, name }: SurveyedCluster): Promise<unknown> =>
  until(
    `the probe’s namespace is gone from ${name}`,
    async () =>
      (await kube.get<V1Namespace>({ apiVersion: 'v1', kind: 'Namespace', name: probeNamespace })) === undefined,
    { every: 250, within: 60_000 },
  )

/**
 * Makes the namespace, after what a killed run left of it. @throws MeshproofError MP-120 when somebody else’s stands
 * in its place.
 */
const openNamespace = async (
  cluster: SurveyedCluster,
  labels: Record<string, string>,
  signal: AbortSignal,
): Promise<void> => {
  const { kube, reads } = cluster
  const namespaces = await reads.namespaces()
  const before = namespaces.find(({ metadata }) => metadata?.name === probeNamespace)
  if (before && before.metadata?.labels?.[probeObjects.label] === undefined) {
    throw new MeshproofError('MP-120', {
      what: `A namespace ${probeNamespace} exists that is not ours`,
      where: cluster.context,
      next: 'Rename it, or diagnose without --probe.',
    })
  }
  if (before) {
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: probeNamespace })
    await gone(cluster)
  }
  signal.throwIfAborted()
  await kube.apply([probeObjects.namespace({ ...labels, ...(await injectionIn(cluster)).labels })])
}

/** The image of a proxy of the cluster: it is there already, and holds a server and a client. */
const imageIn = async (mesh: Survey, cluster: SurveyedCluster): Promise<string> => {
  const others = await Promise.all([cluster, ...mesh.clusters].map(({ reads }) => reads.proxies()))
  const image = others
    .flat()
    .map(proxyOf)
    .find((proxy) => proxy)?.image
  if (image !== undefined) return image
  throw new MeshproofError('MP-121', {
    what: 'No cluster has a proxy whose image the probe could use',
    where: cluster.context,
    next: 'Deploy a workload with a sidecar first.',
  })
}

/** What keeps a new pod in the probe’s namespace from getting a sidecar, or from starting with it. */
const newPodIn = async (mesh: Survey, cluster: SurveyedCluster, signal: AbortSignal): Promise<Finding[]> => {
  const finding = (line: string, cause?: string): Finding[] => [
    {
      code: 'MP-856',
      ...(cause === undefined ? {} : { cause }),
      where: cluster.name,
      evidence: [line],
      fix: kubectl(cluster, 'get mutatingwebhookconfigurations -l app=sidecar-injector -o yaml'),
    },
  ]
  try {
    await hasAccount(cluster, signal)
    const pod = await cluster.kube.dryRun<V1Pod>(probePod(cluster, 0, await imageIn(mesh, cluster)))
    if (!proxyOf(pod))
      return finding('the API server would make a pod of a namespace that asks for sidecars without one')
    const root = mountedRoot(pod)
    if (root === undefined || (await isHandedOut(cluster, root, signal))) return []
    return [await rootMissing(mesh, cluster, [probeNamespace])]
  } catch (error) {
    if (!(error instanceof MeshproofError) || error.code !== 'MP-402') throw error
    const withoutAccount = /error looking up service account/.test(reasonOf(error))
    return finding(
      reasonOf(error),
      withoutAccount
        ? 'the controllers of a cluster give a new namespace no account, without which no pod is made'
        : undefined,
    )
  }
}

/** Waits until a new namespace has its account: a pod is refused before. What is still missing, the pod will tell. */
const hasAccount = ({ kube }: SurveyedCluster, signal: AbortSignal): Promise<boolean> =>
  askUntil(
    () =>
      kube.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: probeNamespace, name: 'default' }).then(
        (found) => found !== undefined,
        () => true,
      ),
    (found) => found,
    { every: 250, within: 10_000, signal },
  )

/**
 * Whether istiod writes its root certificate into the new namespace. One that was restarted does so when it leads
 * again, which takes up to 45 s. Where config maps may not be read, the pod itself will tell.
 */
const isHandedOut = ({ kube }: SurveyedCluster, name: string, signal: AbortSignal): Promise<boolean> =>
  askUntil(
    () =>
      kube.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: probeNamespace, name }).then(
        (found) => found !== undefined,
        () => true,
      ),
    (found) => found,
    { every: 500, within: 75_000, signal },
  )

/**
 * Sends one request and returns its error; empty where it is answered. The agent waits one period before it tries, and
 * tries again only where another period fits into its timeout: so it tries once. A request that is under way when the
 * timeout ends still counts.
 */
const ask = async ({ kube }: SurveyedCluster, host: string): Promise<string> => {
  const { stdout, stderr, exitCode } = await execIn(
    kube,
    { namespace: probeNamespace, pod: 'probe', container: 'probe' },
    [
      'pilot-agent',
      'wait',
      '--url',
      `http://${host}:8080/`,
      '--timeoutSeconds',
      '1',
      '--requestTimeoutMillis',
      '3000',
      '--periodMillis',
      '600',
    ],
  )
  return exitCode === 0 ? '' : meaning(exitCode, `${stdout}\n${stderr}`).said
}

/** How many more requests are sent until one fails, so that its answer can be read. */
const tries = 10

/** The answer to a request that fails; undefined where none fails again, or the image has no client that shows it. */
const refusalOf = async ({ kube }: SurveyedCluster, host: string): Promise<Answer | undefined> => {
  const command = ['curl', '-s', '-m', '3', '-w', String.raw`\n%{http_code}`, `http://${host}:8080/`]
  for (let tried = 0; tried < tries; tried += 1) {
    const { stdout } = await execIn(kube, { namespace: probeNamespace, pod: 'probe', container: 'probe' }, command)
    const [, body = '', status] = /^([^]*)\n(\d{3})$/.exec(stdout) ?? []
    if (status === undefined) return undefined
    if (status !== '200') return { status: Number(status), body: body.trim() }
  }
  return undefined
}
