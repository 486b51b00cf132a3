import { z } from 'zod'
import { downIn } from '#commands/test/existing/namespaces.ts'
import { engineInfo } from '#engine/docker.ts'
import { findLeftRuns, removeRun } from '#lab/reaper.ts'
import { list } from '#run/options.ts'
import { connectContexts } from '#probes/survey/contexts.ts'

/**
 * Performs `down` and returns its exit code: removes what runs left in existing clusters, or our labs. These are kept
 * ones and what killed runs left; with `all` also those of living runs; with `run` that one alone.
 * @throws MeshproofError MP-201 without an engine, and as connectContexts and downIn do.
 */
export const down = async (
  { contexts, kubeconfig, all, run }: DownOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<number> => {
  if (contexts) return downIn(connectContexts(contexts, kubeconfig), { all, run }, say)
  await engineInfo(signal)
  const remains = (await findLeftRuns()).filter(
    ({ id, alive, kept }) => (run === undefined || id === run) && (all || kept || !alive),
  )
  for (const { id, kept } of remains) {
    await removeRun(id)
    say(`Removed ${kept ? 'the kept lab' : 'what is left of run'} ${id}.`)
  }
  if (remains.length === 0)
    say(
      run === undefined
        ? 'Nothing of ours is left.'
        : `Nothing of run ${run} is left, or the run is in progress (--all deletes it too).`,
    )
  return 0
}

/** Those of `down`: what runs left in the engine, or in existing clusters. */
export const DownOptions = z.object({
  all: z.boolean().default(false),
  run: z.string().optional(),
  contexts: list.optional(),
  kubeconfig: z.string().optional(),
})

export type DownOptions = z.infer<typeof DownOptions>
