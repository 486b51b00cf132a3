import { askUntil } from '#kube/until.ts'
import type { Probe } from '#results/results.ts'
import type { Probing } from './probing.ts'

/**
 * The fewest requests of a probe in a phase that a verdict needs (facts of upgrades, “Verdict”). A probe that
 * expects refusal needs fewer, since every request must be refused.
 */
export const fewestOf = ({ expects }: Pick<Probe, 'expects'>): number => (expects === 'refusal' ? 20 : 200)

/** Requests that are counted beyond the fewest: a request at the edge of a phase may belong to the phase beside it. */
const margin = 3

/**
 * Begins to count requests. The returned function waits until every probe has since sent enough for a verdict, but for
 * `patience` milliseconds at most: the verdict reports a probe that sent too few.
 */
export const enoughRequests = async (
  { probes, sent }: Pick<Probing, 'probes' | 'sent'>,
  signal: AbortSignal,
  patience = 60_000,
): Promise<() => Promise<void>> => {
  const before = await sent(signal)
  const missing = async (): Promise<number> => {
    const now = await sent(signal)
    // The lines of a long answer arrive without requests, and more often.
    return Math.max(
      0,
      ...probes.map((probe, index) =>
        probe.kind === 'stream' ? 0 : fewestOf(probe) + margin + (before[index] ?? 0) - (now[index] ?? 0),
      ),
    )
  }
  return async () => {
    // A probe sends about ten requests a second.
    const interval = (left: number): number => Math.min(Math.max(1000, left * 100), patience)
    await askUntil(missing, (left) => left === 0, { every: interval, within: patience, signal })
  }
}
