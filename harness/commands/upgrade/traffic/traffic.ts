import type { Lab } from '#lab/lab.ts'
import type { Probing, Written } from './probing.ts'
import { startProbing } from './start.ts'
import type { Upgrade, UpgradeEvent } from '#results/results.ts'
import { enoughRequests } from './enough.ts'
import { followEvents, type EventLog } from './events.ts'

/** What an upgrade’s probes wrote, the events meanwhile, and the cost of the probes. */
export type Observed = Written & { events: UpgradeEvent[]; overhead?: Upgrade['overhead'] }

/** The live traffic of an upgrade. */
export type LiveTraffic = {
  /** Deploys the probes and begins to follow events. */
  begin: (signal: AbortSignal) => Promise<void>
  /** Records an event that no pod shows. */
  note: (cluster: string, what: string) => void
  /** Begins to count requests. The returned function waits until every probe has sent enough for a verdict. */
  counting: (signal: AbortSignal) => Promise<() => Promise<void>>
  /** Ends the traffic, if it was begun and has not ended. */
  end: (signal: AbortSignal) => Promise<void>
  /** What the traffic observed. Empty until it has ended. */
  observed: () => Observed
}

/** Probes in the pods of a lab, and a record of what happens to all pods, from `begin` to `end`. */
export const trafficIn = (lab: Lab): LiveTraffic => {
  let running: { probing: Probing; events: EventLog } | undefined
  let observed: Observed = { samples: [], pressure: [], events: [] }
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
      observed = { ...(await probing.collect(signal)), events: events.sorted() }
      observed = { ...observed, overhead: await probing.overhead(signal) }
      await probing.stop()
    },
    observed: () => observed,
  }
}
