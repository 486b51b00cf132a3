import pMap from 'p-map'
import type { BuildItem, FreshItem } from './build-item.ts'
import { type BuildProgress, concurrency, trackBuild } from './build-progress.ts'
import { artifact, artifactAsMade, isCached } from './cache.ts'

/** How many seconds it takes on two cores to build the items that the cache lacks, one after the other. */
export const secondsToBuild = async (items: readonly (BuildItem | FreshItem)[]): Promise<number> => {
  const missing = await Promise.all(
    items.map(async ({ name, key, seconds }) => (key !== undefined && (await isCached(name, key)) ? 0 : seconds)),
  )
  return missing.reduce((sum, seconds) => sum + seconds, 0)
}

/**
 * Builds the items that the cache lacks. Returns the folder of every item by its name. The first failure stops the
 * rest.
 * @throws the first failure; the reason of the signal when it fires.
 */
export const buildAll = async (
  items: (BuildItem | FreshItem)[],
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Map<string, string>> => {
  const folders = new Map<string, string>()
  const due: typeof items = []
  for (const item of items) {
    if (item.key !== undefined && (await isCached(item.name, item.key)))
      folders.set(item.name, await artifact(item.name, item.key, (folder) => item.make(folder, {})))
    else due.push(item)
  }
  const failure = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal
  const tracker = trackBuild(due, items.length, progress)
  const ticker = setInterval(tracker.report, 1000)
  const build = async (item: BuildItem | FreshItem): Promise<void> => {
    stop.throwIfAborted()
    const making = { ...tracker.begin(item), signal: stop }
    const make = (folder: string): Promise<void> => item.make(folder, making)
    try {
      folders.set(
        item.name,
        await (item.key === undefined ? artifactAsMade(item.name, make) : artifact(item.name, item.key, make)),
      )
    } catch (error) {
      // The first failure stops the other builds. Their errors are not the reason.
      if (!failure.signal.aborted) failure.abort(error)
      throw error
    }
    tracker.end(item)
  }
  // After a failure too, every build is waited for: a build that is being stopped must clean up first.
  const lane = (name: BuildItem['lane']): Promise<unknown> =>
    pMap(
      Map.groupBy(
        due.filter((item) => item.lane === name),
        (item) => item.module ?? item,
      ).values(),
      async (oneAfterTheOther) => {
        for (const item of oneAfterTheOther) await build(item)
      },
      { concurrency: concurrency[name], stopOnError: false },
    )
  try {
    await Promise.allSettled([lane('cpu'), lane('network')])
    if (signal?.aborted) throw signal.reason
    if (failure.signal.aborted) throw failure.signal.reason
  } finally {
    clearInterval(ticker)
  }
  return folders
}
