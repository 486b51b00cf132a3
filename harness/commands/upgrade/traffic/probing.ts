import type { Lab } from '#lab/lab.ts'
import type { Pressure } from './pressure.ts'
import type { Probe } from '#results/results.ts'

/**
 * One request of a probe, or one line of its long answer. `startedAt` is in milliseconds since the epoch; times are
 * accurate to 5 ms.
 */
export type Sample = {
  /** `pod/number`. */
  id: string
  startedAt: number
  milliseconds: number
  /** 0 without an HTTP answer. */
  status: number
  /** curl’s exit code. */
  exit: number
  /** curl’s error message, or the body of an answer that is not 200. For a long answer, set at its end alone. */
  error: string
  /** Envoy’s response flags, where a proxy answered itself: `UF,URX`; empty otherwise. */
  flags: string
  /** How many times the proxy sent the request; 1 without a retry. */
  attempts: number
  /** The version that answered, such as `v1`; empty without an answer. */
  version: string
  /** The pod that answered; empty without an answer. */
  instance: string
}

/** The samples that a probe’s pods wrote, by time. */
export type Samples = { probe: Probe; samples: Sample[] }

/** What the pods of all probes wrote: the samples of each probe, and the pressure on the processors meanwhile. */
export type Written = { samples: Samples[]; pressure: Pressure[] }

/** Probes that run in a lab. */
export type Probing = {
  probes: Probe[]
  /** What is not probed, and why, in words. */
  unplanned: string[]
  /** How many requests each probe of `probes` has completed so far; for a stream, how many answers have ended. */
  sent: (signal: AbortSignal) => Promise<number[]>
  /**
   * Everything written so far. It can be called repeatedly. A stream’s samples are its lines and its ends; only an
   * end has words in `error`.
   */
  collect: (signal: AbortSignal) => Promise<Written>
  /** The share of one core that the probes, and the mesh’s proxies, have used since the probes began. */
  overhead: (signal: AbortSignal) => Promise<{ probes: number; proxies: number }>
  /** Deletes the probes, their targets and their rules. */
  stop: () => Promise<void>
}

/** Deploys the probes of a lab and waits until every probe gets the answers or the refusals that it expects. */
export type StartProbing = (lab: Lab, signal: AbortSignal) => Promise<Probing>
