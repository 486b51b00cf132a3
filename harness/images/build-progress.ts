import type { Tell, Transferred } from '#images/release/patience.ts'
import type { BuildItem, FreshItem, Making } from './build-item.ts'
import { remainingOf, type LaneProgress } from './remaining.ts'

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

type Item = BuildItem | FreshItem

/** A build that is under way. `since` is milliseconds of the performance clock. */
type Building = { since: number; waitsFor: string; transferred?: Transferred; share?: number }

/**
 * How many items of a lane are built at once. Two modules of Go: while it links a program of one, or reads what the
 * next consists of, a core is free.
 */
export const concurrency: Record<BuildItem['lane'], number> = { cpu: 2, network: 2 }

/** The duration of a build in seconds as long as others run beside it. Those that compile share the cores. */
const secondsBesideOthers = ({ lane, seconds }: Item): number => (lane === 'cpu' ? seconds * concurrency.cpu : seconds)

const secondsSince = (moment: number): number => (performance.now() - moment) / 1000

/** Knows which items wait, which are being built, and which are done. */
export type BuildTracker = {
  /** Reports the progress as it is now. */
  report: () => void
  /** An item begins. Returns whom its build tells. */
  begin: (item: Item) => Omit<Making, 'signal'>
  /** An item is done. */
  end: (item: Item) => void
}

/** Follows the build of the items that are `due`, and reports its progress when something changes. `of` counts all. */
export const trackBuild = (due: readonly Item[], of: number, progress: (now: BuildProgress) => void): BuildTracker => {
  const waiting = new Set(due)
  const building = new Map<Item, Building>()
  const taken = new Map<Item, number>()
  const report = (): void => {
    const downloads = [...building].flatMap(([{ name }, { transferred }]) =>
      transferred ? [{ name, ...transferred }] : [],
    )
    progress({
      building: [...building].map(([{ name }, { waitsFor }]) => withWait(name, waitsFor)),
      done: of - due.length + taken.size,
      of,
      remaining: remainingOf(
        (['cpu', 'network'] as const).map((lane) => progressOf(lane, { waiting, building, taken })),
      ),
      ...(downloads.length > 0 ? { downloads } : {}),
    })
  }
  return {
    report,
    begin: (item) => {
      waiting.delete(item)
      const entry: Building = { since: performance.now(), waitsFor: '' }
      building.set(item, entry)
      report()
      return {
        tell: (waitsFor) => {
          entry.waitsFor = waitsFor
          report()
        },
        arrived: (transferred) => {
          entry.transferred = transferred
          report()
        },
        // The next report is soon enough: a compiler is done with several packages a second.
        advanced: (share) => {
          entry.share = share
        },
      }
    },
    end: (item) => {
      taken.set(item, secondsSince(building.get(item)?.since ?? performance.now()))
      building.delete(item)
      report()
    },
  }
}

const progressOf = (
  lane: BuildItem['lane'],
  { waiting, building, taken }: { waiting: Set<Item>; building: Map<Item, Building>; taken: Map<Item, number> },
): LaneProgress => {
  const planned = (items: Iterable<Item>): number =>
    [...items].filter((item) => item.lane === lane).reduce((sum, item) => sum + secondsBesideOthers(item), 0)
  return {
    waiting: planned(waiting),
    running: [...building]
      .filter(([item]) => item.lane === lane)
      .map(([item, { since, share }]) => ({
        planned: secondsBesideOthers(item),
        elapsed: secondsSince(since),
        ...(share === undefined ? {} : { share }),
      })),
    done: {
      planned: planned(taken.keys()),
      taken: [...taken].filter(([item]) => item.lane === lane).reduce((sum, [, seconds]) => sum + seconds, 0),
    },
    concurrency: concurrency[lane],
  }
}
