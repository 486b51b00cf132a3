import type { Lab } from '#lab/lab.ts'
import type { Probing, Samples } from './probing.ts'
import { startProbing } from './start.ts'
import type { Upgrade, UpgradeEvent } from '#results/results.ts'
import { enoughRequests } from './enough.ts'
import { followEvents, type EventLog } from './events.ts'

/** What the probes of an upgrade saw, and what happened meanwhile. */
export type Seen = { samples: Samples[]; events: UpgradeEvent[]; overhead?: Upgrade['overhead'] }

/** The live traffic of an upgrade. */
export type Traffic = {
  begin: (signal: AbortSignal) => Promise<void>
  /** Something that happened and that no pod shows. */
  note: (cluster: string, what: string) => void
  /** Counts from now; what it returns waits until every probe has sent what a verdict needs. */
  counting: (signal: AbortSignal) => Promise<() => Promise<void>>
  /** Ends it, if it was begun and has not ended. */
  end: (signal: AbortSignal) => Promise<void>
  /** What was seen, once it has ended; nothing before. */
  seen: () => Seen
}

/** Probes in the pods of a lab, and an eye on those pods, from `begin` to `end`. */
export const trafficIn = (lab: Lab): Traffic => {
  let running: { probing: Probing; events: EventLog } | undefined
  let seen: Seen = { samples: [], events: [] }
  return {
    begin: async (signal) => {
      running = { probing: await startProbing(lab, signal), events: followEvents(lab, signal) }
      for (const missing of running.probing.unplanned) running.events.note('', `not probed: ${missing}`)
    },
    note: (cluster, what) => {
      running?.events.note(cluster, what)
    },
    counting: async (signal) =>
      running === undefined ? async () => undefined : enoughRequests(running.probing, signal),
    end: async (signal) => {
      if (running === undefined) return
      const { probing, events } = running
      running = undefined
      await events.stop()
      seen = { samples: await probing.collect(signal), events: events.all() }
      seen = { ...seen, overhead: await probing.overhead(signal) }
      await probing.stop()
    },
    seen: () => seen,
  }
}
