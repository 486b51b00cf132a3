import pMap from 'p-map'
import { artifact, artifactAsMade, isCached } from './cache.ts'
import { remainingOf, type LaneProgress } from './remaining.ts'
import type { Tell, TellArrived, Transferred } from '#images/release/patience.ts'

/** What stops a build, and whom it tells what it waits for, what has arrived, and which share of it is done (0 to 1). */
export type Making = {
  signal?: AbortSignal | undefined
  tell?: Tell
  arrived?: TellArrived
  advanced?: (share: number) => void
}

/** Something that is built once and then cached. */
export type BuildItem = {
  name: string
  /** The hash of everything that it is made from. */
  key: string
  /** `cpu` items compile. `network` items mostly wait, and run beside them. */
  lane: 'cpu' | 'network'
  /** Programs of one module share most of what the compiler makes, so they are built one after the other. */
  module?: string
  /** The duration of a build from scratch on two cores, in seconds. The estimate of the remaining time uses it. */
  seconds: number
  make: (folder: string, making: Making) => Promise<void>
}

/** Something without a hash of what it is made from. It is built every time, and cached by the hash of the result. */
export type FreshItem = Omit<BuildItem, 'key'> & { key?: undefined }

/** A download that is under way, by the name of its item. */
export type NamedDownload = { name: string } & Transferred

/** The progress of a build. `remaining` estimates the seconds until everything is built. */
export type BuildProgress = {
  building: string[]
  done: number
  of: number
  remaining: number
  downloads?: NamedDownload[]
}

/** The name of an item and, in a few words, what it waits for. */
export const withWait = (name: string, waitsFor: string): string => (waitsFor === '' ? name : `${name} (${waitsFor})`)

/** Reports what a single item waits for. Without other items there is nothing to count. */
export const tellOf =
  (progress: (now: BuildProgress) => void, name: string): Tell =>
  (waitsFor) =>
    progress({ building: [withWait(name, waitsFor)], done: 0, of: 1, remaining: 0 })

/** A build that is under way. `since` is milliseconds of the performance clock. */
type Building = { since: number; waitsFor: string; transferred?: Transferred | undefined; share?: number }

/** How many seconds it takes on two cores to build the items that the cache lacks, one after the other. */
export const secondsToBuild = async (items: readonly (BuildItem | FreshItem)[]): Promise<number> => {
  const missing = await Promise.all(
    items.map(async ({ name, key, seconds }) => (key !== undefined && (await isCached(name, key)) ? 0 : seconds)),
  )
  return missing.reduce((sum, seconds) => sum + seconds, 0)
}

// Two modules at a time: while Go links a program of one, or reads what the next consists of, a core is free.
const concurrency: Record<BuildItem['lane'], number> = { cpu: 2, network: 2 }

/** The duration of a build in seconds as long as others run beside it. Those that compile share the cores. */
const secondsBesideOthers = ({ lane, seconds }: BuildItem | FreshItem): number =>
  lane === 'cpu' ? seconds * concurrency.cpu : seconds

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
  const building = new Map<BuildItem | FreshItem, Building>()
  const waiting = new Set(due)
  const taken = new Map<BuildItem | FreshItem, number>()
  const secondsSince = (since: number): number => (performance.now() - since) / 1000
  const progressOf = (name: BuildItem['lane']): LaneProgress => {
    const planned = (of: Iterable<BuildItem | FreshItem>): number =>
      [...of].filter(({ lane }) => lane === name).reduce((sum, item) => sum + secondsBesideOthers(item), 0)
    return {
      waiting: planned(waiting),
      running: [...building]
        .filter(([{ lane }]) => lane === name)
        .map(([item, { since, share }]) => ({
          planned: secondsBesideOthers(item),
          elapsed: secondsSince(since),
          ...(share === undefined ? {} : { share }),
        })),
      done: {
        planned: planned(taken.keys()),
        taken: [...taken].filter(([{ lane }]) => lane === name).reduce((sum, [, seconds]) => sum + seconds, 0),
      },
      concurrency: concurrency[name],
    }
  }
  const report = (): void => {
    const downloads = [...building].flatMap(([{ name }, { transferred }]) =>
      transferred ? [{ name, ...transferred }] : [],
    )
    progress({
      building: [...building].map(([{ name }, { waitsFor }]) => withWait(name, waitsFor)),
      done: items.length - due.length + taken.size,
      of: items.length,
      remaining: remainingOf([progressOf('cpu'), progressOf('network')]),
      ...(downloads.length > 0 ? { downloads } : {}),
    })
  }
  const failure = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal
  const ticker = setInterval(report, 1000)
  const build = async (item: BuildItem | FreshItem): Promise<void> => {
    stop.throwIfAborted()
    waiting.delete(item)
    const entry: Building = { since: performance.now(), waitsFor: '' }
    building.set(item, entry)
    report()
    try {
      const making: Making = {
        signal: stop,
        tell: (waitsFor) => {
          entry.waitsFor = waitsFor
          report()
        },
        arrived: (transferred) => {
          entry.transferred = transferred
          report()
        },
        advanced: (share) => {
          entry.share = share
        },
      }
      const make = (folder: string): Promise<void> => item.make(folder, making)
      folders.set(
        item.name,
        await (item.key === undefined ? artifactAsMade(item.name, make) : artifact(item.name, item.key, make)),
      )
    } catch (error) {
      // The first failure stops the other builds. Their errors are not the reason.
      if (!failure.signal.aborted) failure.abort(error)
      throw error
    }
    building.delete(item)
    taken.set(item, secondsSince(entry.since))
    report()
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
