import type { Lab } from '#lab/lab.ts'
import type { Probe } from '#results/results.ts'

/** One request of a probe, or one line of its long answer. Times are milliseconds since the epoch, good to 5. */
export type Sample = {
  /** `pod/number`. */
  id: string
  startedAt: number
  milliseconds: number
  /** 0 without an HTTP answer. */
  status: number
  /** curl’s exit code and its words. */
  exit: number
  error: string
  /** Envoy’s response flags, where a proxy answered itself: `UF,URX`; empty otherwise. */
  flags: string
  /** How often the proxy tried; 1 without a retry. */
  attempts: number
  /** Who answered: `v1`, and its pod. */
  version: string
  instance: string
}

/** What a probe’s pods wrote, in the order of time. */
export type Samples = { probe: Probe; samples: Sample[] }

/** Probes that run in a lab. */
export type Probing = {
  probes: Probe[]
  /** What is not probed here, and why: words for a person. */
  unplanned: string[]
  /** How many requests each of `probes` has an account of so far; of a long answer, how often it ended. */
  sent: (signal: AbortSignal) => Promise<number[]>
  /**
   * Everything written so far; it can be asked again and again. A stream’s samples are its lines and its ends: only
   * an end has words in `error`.
   */
  collect: (signal: AbortSignal) => Promise<Samples[]>
  /** Share of one core that the probes’ own programs, and the mesh’s proxies, took since the probes began. */
  overhead: (signal: AbortSignal) => Promise<{ probes: number; proxies: number }>
  /** Takes the probes, what they asked and their rules away. */
  stop: () => Promise<void>
}

/** Deploys the probes of a lab and waits until every one of them gets answers, or its refusals. */
export type StartProbing = (lab: Lab, signal: AbortSignal) => Promise<Probing>
