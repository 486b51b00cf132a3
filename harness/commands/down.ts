import { z } from 'zod'
import { findRemains, removeRun } from '#lab/reaper.ts'
import { list } from '#run/options.ts'

/**
 * Removes our labs: kept ones and what killed runs left; with `all` those of living runs, too; with `run` that one
 * alone.
 */
export const down = async (
  { all, run }: { all: boolean; run: string | undefined },
  say: (line: string) => void,
): Promise<number> => {
  const remains = (await findRemains()).filter(
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
