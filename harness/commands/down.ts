import { z } from 'zod'
import { downIn } from '#commands/test/existing/namespaces.ts'
import { engineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { findLeftRuns, type LeftRun, removeRun } from '#lab/reaper.ts'
import { list } from '#run/options.ts'
import { connectContexts } from '#probes/survey/contexts.ts'

/**
 * Performs `down` and returns its exit code: removes what runs left in existing clusters, or our labs. These are kept
 * ones and what killed runs left; with `all` also those in use; with `run` that one alone. Those of other users of the
 * engine go only where both name them.
 * @throws MeshproofError MP-201 without an engine, MP-414 where a run uses a kept lab with --reuse, and as
 * connectContexts and downIn do.
 */
export const down = async (
  { contexts, kubeconfig, all, run }: DownOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<number> => {
  if (contexts) return downIn(connectContexts(contexts, kubeconfig), { all, run }, say)
  await engineInfo(signal)
  const found = (await findLeftRuns()).filter(({ id }) => run === undefined || id === run)
  const asked = found.filter(({ alive, kept, closed }) => (closed ? all && run !== undefined : all || kept || !alive))
  const inUse = all ? [] : asked.filter(({ users }) => users.length > 0)
  const remains = asked.filter((left) => !inUse.includes(left))
  for (const { id, kept } of remains) {
    await removeRun(id)
    say(`Removed ${kept ? 'the kept lab' : 'what is left of run'} ${id}.`)
  }
  const [used] = inUse
  if (used !== undefined) throw stillUsed(used)
  for (const { id, owner, closed } of found.filter((left) => !asked.includes(left)))
    say(
      closed
        ? `Run ${id} stays: it is another user’s, who may have kept it. To remove it all the same, use ` +
            `meshproof down --all --run=${id}`
        : `Run ${id} stays: it is in progress, as process ${processId(owner)} of ${hostOf(owner)}. ` +
            `If that has ended, use meshproof down --all --run=${id}`,
    )
  if (found.length === 0) say(`Nothing of ${run === undefined ? 'ours' : `run ${run}`} is left.`)
  return 0
}

const stillUsed = ({ id, users }: LeftRun): MeshproofError =>
  new MeshproofError('MP-414', {
    what: 'A run is using the kept lab',
    where: id,
    why: `process ${users.map(processId).join(' and ')} was started with --reuse and has not ended`,
    next: 'Wait for that run, or stop it. `meshproof down --all` deletes the lab under it.',
  })

const hostOf = (owner: string): string => owner.split('/')[0] ?? ''
const processId = (owner: string): string => owner.split('/')[1] ?? ''

/** The options of `down`: whether it deletes what runs left in the engine, or in existing clusters. */
export const DownOptions = z.object({
  all: z.boolean().default(false),
  run: z.string().optional(),
  contexts: list.optional(),
  kubeconfig: z.string().optional(),
})

export type DownOptions = z.infer<typeof DownOptions>
