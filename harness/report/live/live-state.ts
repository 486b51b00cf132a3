import type { BuildProgress } from '#images/build-progress.ts'
import type { Transferred } from '#images/release/patience.ts'

/** A phase or check that runs. `since` is milliseconds since the epoch; `parts` is how many of how many are done. */
export type RunningPhase = { since: number; parts?: { done: number; of: number } }

/** How much of a download had arrived at a moment, in bytes and milliseconds. */
export type Sample = Pick<Transferred, 'bytes'> & { at: number }

/** A download: its size where that is known, and how it arrived in the last seconds. */
export type Download = { of: number | undefined; samples: Sample[] }

/** What is under way: the phases and checks by name, and what is built or downloaded. */
export type LiveState = {
  running: Map<string, RunningPhase>
  build: BuildProgress | undefined
  downloads: Map<string, Download>
}

/** A state in which nothing is under way. */
export const nothingRuns = (): LiveState => ({ running: new Map(), build: undefined, downloads: new Map() })

/** The speed of a download is that of so many milliseconds before now. */
const span = 5000

/** Adds the progress of a build at a moment. A build of nothing ends what was shown of it. */
export const addProgress = (state: LiveState, progress: BuildProgress, now: number): void => {
  state.build = progress.building.length === 0 ? undefined : progress
  const { downloads = [] } = progress
  for (const name of state.downloads.keys())
    if (!downloads.some((download) => download.name === name)) state.downloads.delete(name)
  for (const { name, bytes, of } of downloads) {
    const samples = state.downloads.get(name)?.samples ?? []
    const [last] = samples.slice(-1)
    // What begins again, since the host has another version by now, has no speed before that.
    const kept = last && bytes < last.bytes ? [] : samples.filter(({ at }) => now - at <= span)
    const known = last && last.bytes === bytes && kept.length > 0
    state.downloads.set(name, { of, samples: known ? kept : [...kept, { at: now, bytes }] })
  }
}

/** Bytes in a second over the last seconds; undefined for a download that has just begun. */
export const speedOf = ({ samples }: Download, now: number): number | undefined => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || now - first.at < 500) return undefined
  return ((last.bytes - first.bytes) * 1000) / (now - first.at)
}
