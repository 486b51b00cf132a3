import pMap from 'p-map'
import { artifact, artifactAsMade, isCached } from './cache.ts'
import type { Tell } from '#images/release/patience.ts'

/** One thing that is built once and cached: what it is called, what it takes, and how it is made. */
export type BuildItem = {
  name: string
  /** What it is made from, as a hash. */
  key: string
  /** `cpu` items compile and already use every core: one at a time. `network` items mostly wait: they run beside. */
  lane: 'cpu' | 'network'
  /** Cold build on 2 cores, for the estimate of what remains. */
  seconds: number
  make: (folder: string, signal?: AbortSignal, tell?: Tell) => Promise<void>
}

/**
 * One thing of which nobody can say beforehand what it is made from: it is made every time, and kept by what came out.
 */
export type FreshItem = Omit<BuildItem, 'key'> & { key?: undefined }

/** What a build says while it runs. `remaining` is an estimate in seconds for everything still to be built. */
export type BuildProgress = { building: string[]; done: number; of: number; remaining: number }

/** What is being built, and in a few words what it waits for. */
export const named = (name: string, waitsFor: string): string => (waitsFor === '' ? name : `${name} (${waitsFor})`)

/** Tells what one thing waits for, where nothing is counted. */
export const tellOf =
  (progress: (now: BuildProgress) => void, name: string): Tell =>
  (waitsFor) =>
    progress({ building: [named(name, waitsFor)], done: 0, of: 1, remaining: 0 })

/**
 * Builds what the cache lacks and returns every item's folder by name. The first failure stops what has not started.
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
      folders.set(item.name, await artifact(item.name, item.key, item.make))
    else due.push(item)
  }
  const building = new Map<string, { seconds: number; since: number; waitsFor: string }>()
  let waiting = due.reduce((sum, { seconds }) => sum + seconds, 0)
  let done = items.length - due.length
  const report = (): void => {
    const now = performance.now()
    const running = [...building.values()].reduce(
      (sum, { seconds, since }) => sum + Math.max(0, seconds - (now - since) / 1000),
      0,
    )
    progress({
      building: [...building].map(([name, { waitsFor }]) => named(name, waitsFor)),
      done,
      of: items.length,
      remaining: Math.round(waiting + running),
    })
  }
  const failure = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal
  const ticker = setInterval(report, 1000)
  const build = async (item: BuildItem | FreshItem): Promise<void> => {
    stop.throwIfAborted()
    waiting -= item.seconds
    const one = { seconds: item.seconds, since: performance.now(), waitsFor: '' }
    building.set(item.name, one)
    report()
    try {
      const make = (folder: string): Promise<void> =>
        item.make(folder, stop, (waitsFor) => {
          one.waitsFor = waitsFor
          report()
        })
      folders.set(
        item.name,
        await (item.key === undefined ? artifactAsMade(item.name, make) : artifact(item.name, item.key, make)),
      )
    } catch (error) {
      // The first failure stops everything else; what ends because of that is not the reason.
      if (!failure.signal.aborted) failure.abort(error)
      throw error
    }
    building.delete(item.name)
    done += 1
    report()
  }
  // Every item is waited for, also after a failure: a build that is still being stopped must have cleaned up before we
  // go on.
  const lane = (name: BuildItem['lane'], concurrency: number): Promise<unknown> =>
    pMap(
      due.filter((item) => item.lane === name),
      build,
      { concurrency, stopOnError: false },
    )
  try {
    await Promise.allSettled([lane('cpu', 1), lane('network', 2)])
    if (signal?.aborted) throw signal.reason
    if (failure.signal.aborted) throw failure.signal.reason
  } finally {
    clearInterval(ticker)
  }
  return folders
}
