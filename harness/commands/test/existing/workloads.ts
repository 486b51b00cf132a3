import type { V1Deployment, V1Pod } from '@kubernetes/client-node'
import { ownNamespaces, type ExistingMesh } from '#checks/existing-target.ts'
import { lastWordsOf } from '#diagnosis/last-words.ts'
import { type Admission, admittingObjects, exported } from '#diagnosis/new-namespace.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { fixture } from '#istio/fixture.ts'
import { accessLogFormat } from '#istio/installation.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { captureOf, deploymentsOf, newConnections, workloadsOf } from '#istio/workloads.ts'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { execIn, isReady, isRolledOut, readyPod } from '#kube/pods.ts'
import { settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'

type ContextClient = { context: string; version: string; kube: KubeClient }

/**
 * Sets mutual TLS for our workloads, as the run wants it, gives their namespace what the mesh wants of one, and makes
 * requests visible. Returns the reason where a cluster’s own policy refuses the latter.
 */
export const applyPolicies = async (
  { kube, name }: ContextClient & { name: string },
  { mtls, withheld, admission, domain }: Pick<ExistingMesh, 'mtls' | 'withheld' | 'admission' | 'domain'>,
): Promise<string | undefined> => {
  const namespace = ownNamespaces.mesh
  await kube.apply([
    ...(await fixture(`policies/mtls-${mtls}.yaml`, { policynamespace: namespace })),
    ...admittingObjects(admission, { namespace, domain, primary: name }),
  ])
  if (withheld['access log'] !== undefined) return undefined
  const filters = [
    ...(await newConnections(namespace)),
    ...(await fixture('workloads/access-log.yaml', { namespace, format: accessLogFormat })),
  ]
  return kube.apply(filters).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof MeshproofError && error.code === 'MP-402') return error.message
      throw error
    },
  )
}

/**
 * Deploys the workloads in one cluster and waits until they are ready.
 * @throws MeshproofError MP-143 when the cluster does not take them or cannot pull an image, with the image's name; or
 * when they are not ready within three minutes.
 */
export const deployOwn = async (
  { context, version, kube }: ContextClient,
  roles: Record<string, string>,
  admission: Admission,
  signal: AbortSignal,
): Promise<void> => {
  const workloads = await workloadsOf(version, ownNamespaces, roles, false)
  await kube.apply(workloads.map(modest).map((object) => exported(object, admission)))
  const deployments = deploymentsOf(version, ownNamespaces)
  const trouble = await whyNotUp(
    { context, kube, whose: 'workloads' },
    async () => {
      const ready = await Promise.all(deployments.map(([namespace, name]) => isRolledOut(kube, namespace, name)))
      return ready.every(Boolean)
    },
    signal,
  )
  if (trouble === undefined) return
  throw new MeshproofError('MP-143', {
    what: 'The workloads do not come up',
    where: `context ${context}`,
    why: trouble,
    next:
      'The cluster must have room for five small pods, let them run, and be able to pull their images ' +
      '(--images=release or --images=source names others).',
  })
}

/** The pods that come up: the workloads of every run, or echo. */
type Coming = { context: string; kube: KubeClient; whose: 'workloads' | 'echo' }

/**
 * Waits until pods are ready, and returns undefined. Otherwise it returns why they are not: what the cluster says of
 * them, what their sidecars complain of, or that they were not ready within the time, in milliseconds.
 * @throws the signal’s reason when it fires.
 */
export const whyNotUp = async (
  { context, kube, whose }: Coming,
  isUp: () => Promise<boolean>,
  signal: AbortSignal,
  within = 180_000,
): Promise<string | undefined> => {
  let [since, trouble] = [0, undefined as string | undefined]
  const outcome = await until(
    `the pods of ${whose} are ready in ${context}`,
    async () => {
      if (await isUp()) return 'ready'
      trouble = await troubleOf(kube, whose)
      if (trouble === undefined) since = 0
      else since ||= Date.now()
      // A registry may answer a retry, and a node may join. A problem that lasts 20 s is taken as permanent.
      return trouble !== undefined && Date.now() - since > 20_000 && 'stuck'
    },
    { every: 500, within, signal },
  ).catch((error: unknown) => {
    if (signal.aborted) throw error
    return { error }
  })
  if (typeof outcome === 'object')
    return trouble ?? (await sidecarsSay(kube).catch(() => undefined)) ?? reasonOf(outcome.error)
  return outcome === 'ready' ? undefined : trouble
}

/** What the sidecar of a pod of ours complains of that is not ready, if one does. */
const sidecarsSay = async (kube: KubeClient): Promise<string | undefined> => {
  const pods = await Promise.all(
    Object.values(ownNamespaces).map((namespace) => kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace })),
  )
  const waiting = pods.flat().filter((pod) => !isReady(pod) && proxyOf(pod) !== undefined)
  return (await Promise.all(waiting.map((pod) => lastWordsOf({ kube }, pod, 'istio-proxy')))).flat()[0]
}

/**
 * Makes our workloads small, because an existing cluster may be full: the sidecar requests less than Istio’s
 * default, and the pods end quickly.
 */
export const modest = (object: Manifest): Manifest => {
  const { template, ...spec } = specOf(object)
  if (!template) return object
  const annotations = { 'sidecar.istio.io/proxyCPU': '10m', 'sidecar.istio.io/proxyMemory': '64Mi' }
  return {
    ...object,
    spec: {
      ...spec,
      template: {
        metadata: { ...template.metadata, annotations },
        spec: { ...template.spec, terminationGracePeriodSeconds: 5 },
      },
    },
  }
}

type WithTemplate = { template?: { metadata?: object; spec?: object } }
const specOf = ({ spec }: Manifest): WithTemplate => (spec as WithTemplate | undefined) ?? {}

/**
 * The reason why pods of ours do not start, where a cluster gives one: it refuses them, has no room for them, or cannot
 * pull an image.
 */
export const troubleOf = async (kube: KubeClient, whose: Coming['whose']): Promise<string | undefined> => {
  const isTheirs = ({ metadata }: V1Deployment | V1Pod): boolean =>
    (metadata?.name ?? '').startsWith('echo') === (whose === 'echo')
  const perNamespace = await Promise.all(
    Object.values(ownNamespaces).map(async (namespace) => {
      const [deployments, everyPod] = await Promise.all([
        kube.list<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }),
        kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace }),
      ])
      const pods = everyPod.filter(isTheirs)
      const refusals = deployments
        .filter(isTheirs)
        .flatMap(({ status }) =>
          (status?.conditions ?? []).flatMap(({ type, status: value, message }) =>
            type === 'ReplicaFailure' && value === 'True' && message ? [message] : [],
          ),
        )
      const unscheduled = pods.flatMap(({ status }) =>
        (status?.conditions ?? []).flatMap(({ type, status: value, message }) =>
          type === 'PodScheduled' && value === 'False' && message ? [message] : [],
        ),
      )
      const waiting = pods
        .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
        .flatMap(({ image, state }) =>
          /Err(Image|Registry)|ImagePullBackOff|InvalidImage|CreateContainer.*Error|RunContainerError/.test(
            state?.waiting?.reason ?? '',
          )
            ? [`${image}: ${state?.waiting?.message ?? state?.waiting?.reason ?? ''}`]
            : [],
        )
      return [...refusals, ...unscheduled, ...waiting]
    }),
  )
  return perNamespace.flat()[0]
}

/**
 * Puts a pod on the node’s network, where it can capture traffic, with the image of the mesh’s proxies. Returns
 * the reason where that is not possible: the cluster may refuse such a pod, or the image may lack tcpdump.
 */
export const deployCapture = async (
  { context, kube }: ContextClient,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const namespace = ownNamespaces.outside
  try {
    const image = proxyOf(await readyPod(kube, ownNamespaces.mesh, 'app=sleep'))?.image
    if (image === undefined) return 'no proxy tells which image it has'
    const deployments = await captureOf(namespace, image)
    for (const deployment of deployments) {
      // The dry run is of a pod, because a cluster accepts a deployment whose pods it refuses.
      await kube.dryRun<Manifest>({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'capture', namespace },
        spec: specOf(deployment).template?.spec ?? {},
      })
      await kube.apply([deployment])
    }
    await settled({ name: context, kube }, { namespace, name: 'capture' }, signal, 30_000)
    const pod = (await readyPod(kube, namespace, 'app=capture')).metadata?.name ?? ''
    const { exitCode } = await execIn(kube, { namespace, pod, container: 'capture' }, [
      'sh',
      '-c',
      'command -v tcpdump && test -e /sys/class/net/eth0',
    ])
    return exitCode === 0 ? undefined : `${image} has no tcpdump, or its node no eth0`
  } catch (error) {
    if (signal.aborted) throw error
    return reasonOf(error)
  }
}
