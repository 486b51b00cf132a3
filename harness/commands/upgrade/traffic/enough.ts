import { askUntil } from '#kube/until.ts'
import type { Probe } from '#results/results.ts'
import type { Probing } from './probing.ts'

/**
 * Fewer requests of a probe in a phase say nothing (facts of upgrades, “Verdict”); what must be refused is asked
 * less often, since each must.
 */
export const fewestOf = ({ expects }: Pick<Probe, 'expects'>): number => (expects === 'refusal' ? 20 : 200)

/** A request on its way at either end of a phase belongs to one of its neighbours. */
const margin = 3

/**
 * Begins to count; what it returns waits until every probe has sent what a verdict needs since, or so many milliseconds
 * have passed: a probe that is slower still shows in the verdict.
 */
export const enoughRequests = async (
  { probes, sent }: Pick<Probing, 'probes' | 'sent'>,
  signal: AbortSignal,
  patience = 60_000,
): Promise<() => Promise<void>> => {
  const before = await sent(signal)
  const missing = async (): Promise<number> => {
    const now = await sent(signal)
    // Lines of a long answer come of themselves, and more often.
    return Math.max(
      0,
      ...probes.map((probe, index) =>
        probe.kind === 'stream' ? 0 : fewestOf(probe) + margin + (before[index] ?? 0) - (now[index] ?? 0),
      ),
    )
  }
  return async () => {
    // A probe sends about ten requests a second.
    const every = (left: number): number => Math.min(Math.max(1000, left * 100), patience)
    await askUntil(missing, (left) => left === 0, { every, within: patience, signal })
  }
}
