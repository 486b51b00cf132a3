import type { V1Namespace } from '@kubernetes/client-node'
import { ownNamespaces } from '#checks/existing-target.ts'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerLives } from '#engine/owner.ts'
import { MeshproofError } from '#errors.ts'
import { namespaceOf } from '#istio/workloads.ts'
import type { KubeClient } from '#kube/client.ts'
import { until } from '#kube/until.ts'
import { shellWord } from '#results/text.ts'

type ContextClient = { context: string; kube: KubeClient }

const listed = (kube: KubeClient, selector?: string): Promise<V1Namespace[]> =>
  kube.list<V1Namespace>({ apiVersion: 'v1', kind: 'Namespace', ...(selector ? { selector } : {}) })

/**
 * Makes the namespaces of a run. `followed` are labels by which control planes follow them, and `injection` labels the
 * one that gets sidecars; the other one gets none, also where injectors take every namespace. The owner is an
 * annotation, because a label’s value may not contain a slash.
 * @throws MeshproofError MP-402 when they cannot be made.
 */
export const createNamespaces = async (
  { kube }: ContextClient,
  runId: string,
  owner: string,
  injection: Record<string, string>,
  followed: Record<string, string>,
): Promise<void> => {
  const labels = { ...followed, [runLabel]: runId }
  await kube.create(namespaceOf(ownNamespaces.mesh, { ...labels, ...injection }, { [ownerLabel]: owner }))
  const outside = { ...labels, 'istio-injection': 'disabled' }
  await kube.create(namespaceOf(ownNamespaces.outside, outside, { [ownerLabel]: owner }))
}

/**
 * Deletes a run’s namespaces with everything in them, and waits until they are gone.
 * @throws MeshproofError MP-146 after two minutes.
 */
export const removeNamespaces = async ({ context, kube }: ContextClient, runId: string): Promise<void> => {
  const ofRun = (): Promise<V1Namespace[]> => listed(kube, `${runLabel}=${runId}`)
  const names = (await ofRun()).map(({ metadata }) => metadata?.name ?? '')
  for (const name of names) await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name })
  await until('', async () => (await ofRun()).length === 0, { every: 300, within: 120_000 }).catch((cause: unknown) => {
    throw new MeshproofError('MP-146', {
      what: 'The namespaces of this run are still there',
      where: `context ${context}, ${names.join(' and ')}`,
      next:
        `kubectl --context=${shellWord(context)} get namespace ${names[0] ?? ''} -o yaml shows what they ` +
        'wait for; ' +
        'the next run on these clusters removes them.',
      cause,
    })
  })
}

/** A namespace that a run left in a cluster. */
type Remains = { run: string; owner: string; namespace: string; alive: boolean }

/** The namespaces with our label in a cluster. The run of a namespace without an owner may still be alive. */
const remainsIn = async ({ kube }: ContextClient): Promise<Remains[]> =>
  Promise.all(
    (await listed(kube, runLabel)).map(async ({ metadata }) => {
      const owner = metadata?.annotations?.[ownerLabel] ?? ''
      return {
        run: metadata?.labels?.[runLabel] ?? '',
        owner,
        namespace: metadata?.name ?? '',
        alive: owner === '' || (await ownerLives(owner)),
      }
    }),
  )

/**
 * Deletes what killed runs left in a cluster, and returns their ids. `names` are the namespaces that a run makes.
 * @throws MeshproofError MP-140 when a namespace has such a name but not our label, MP-144 when its run may still be
 * alive.
 */
export const clearNamespaces = async (
  cluster: ContextClient,
  names: readonly string[] = Object.values(ownNamespaces),
): Promise<string[]> => {
  const remains = await remainsIn(cluster)
  const foreign = (await listed(cluster.kube)).find(
    ({ metadata }) => names.includes(metadata?.name ?? '') && metadata?.labels?.[runLabel] === undefined,
  )
  if (foreign) {
    throw new MeshproofError('MP-140', {
      what: `A namespace is called ${foreign.metadata?.name ?? ''}, and is not ours`,
      where: `context ${cluster.context}`,
      why: `it lacks the label ${runLabel}`,
      next: 'Rename or remove it: meshproof works in namespaces that it makes itself, and touches no others.',
    })
  }
  const busy = remains.find(({ alive }) => alive)
  if (busy) {
    throw new MeshproofError('MP-144', {
      what: 'Another run is at work in this cluster',
      where: `context ${cluster.context}, namespace ${busy.namespace}`,
      why: `run ${busy.run} of ${busy.owner || 'nobody known'}`,
      next: `Wait for it. If it is gone, meshproof down --all --run=${busy.run} --contexts=… removes what it left.`,
    })
  }
  return removeRuns(cluster, remains)
}

/**
 * Deletes what ended runs left in existing clusters. With `all` it also deletes what belongs to runs that may be
 * alive. With `run` it deletes only what belongs to that run.
 * @throws MeshproofError MP-146 when something stays.
 */
export const downIn = async (
  clusters: ContextClient[],
  { all, run }: { all: boolean; run: string | undefined },
  say: (line: string) => void,
): Promise<number> => {
  const removed = await Promise.all(
    clusters.map(async (cluster) => {
      const ids = await removeRuns(
        cluster,
        (await remainsIn(cluster)).filter(
          (remains) => (run === undefined || remains.run === run) && (all || !remains.alive),
        ),
      )
      for (const id of ids) say(`Removed what is left of run ${id} in ${cluster.context}.`)
      return ids
    }),
  )
  if (removed.flat().length === 0)
    say('Nothing of ours is left there, except of runs in progress (--all deletes that too).')
  return 0
}

const removeRuns = async (cluster: ContextClient, remains: Remains[]): Promise<string[]> => {
  const ids = [...new Set(remains.map(({ run }) => run))]
  for (const id of ids) await removeNamespaces(cluster, id)
  return ids
}
