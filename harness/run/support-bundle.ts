import { join } from 'node:path'
import { collectBundle, type BundleSource } from '#report/bundle/collect.ts'
import type { TopologyResult } from '#results/results.ts'
import { summaryOf } from '#report/terminal.ts'
import type { PhaseLog } from './phase-log.ts'

/**
 * Where the support bundle of a failure goes: a path within the folder of the reports, and the bytes that it may take.
 */
export type BundlePlace = { reports: string; path: string; bytes: number }

/** Bytes that the bundles of one run may take together. */
const allBundles = 20_000_000

/** The place of one of several variants; a file of one’s own cannot name a topology with a dot. */
export const bundlePlace = (
  reports: string,
  { name, mtls }: Pick<TopologyResult, 'name' | 'mtls'>,
  variants: number,
): BundlePlace => ({
  reports,
  path: `bundle/${name}${mtls === 'off' ? '.mtls-off' : ''}`,
  bytes: Math.floor(allBundles / variants),
})

/**
 * Collects the support bundle of a mesh in which something failed, as a phase of the run. Returns its path, or
 * undefined where none was written; whatever becomes of it changes no verdict, and it does not throw.
 */
export const supportBundle = async (
  source: BundleSource,
  result: TopologyResult,
  { reports, path, bytes }: BundlePlace,
  phases: PhaseLog,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const name = 'support bundle'
  phases.started(name, Date.now())
  try {
    const written = await collectBundle(
      source,
      { folder: join(reports, path), bytes, story: summaryOf(result) },
      signal,
    )
    phases.ended(name, Date.now(), written ? 'pass' : 'not-run')
    return written ? path : undefined
  } catch (error) {
    phases.ended(name, Date.now(), 'fail', error)
    return undefined
  }
}
