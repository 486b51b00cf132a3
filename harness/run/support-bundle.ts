import { join } from 'node:path'
import { collectBundle, type BundleSource } from '#report/bundle/collect.ts'
import type { TopologyResult } from '#results/results.ts'
import { summaryOf } from '#report/topology-summary.ts'
import type { PhaseLog } from './phase-log.ts'

/** Where the support bundle of a failure goes: a path in the report folder, and the bytes that it may use. */
export type BundlePlace = { reports: string; path: string; bytes: number }

/** The bytes that the bundles of one run may use together. */
const allBundles = 20_000_000

/**
 * The place for the bundle of one of a variant’s labs, which are numbered from 1. `labs` is how many the run has. A
 * topology file’s name has no dot, so the path is unique.
 */
export const bundlePlace = (
  reports: string,
  { name, mtls }: Pick<TopologyResult, 'name' | 'mtls'>,
  labs: number,
  number = 1,
): BundlePlace => ({
  reports,
  path: `bundle/${name}${mtls === 'off' ? '.mtls-off' : ''}${number === 1 ? '' : `.lab-${number}`}`,
  bytes: Math.floor(allBundles / labs),
})

/**
 * Collects the support bundle of a mesh in which something failed, as a phase of the run. Returns the bundle’s
 * path, or undefined where none was written. It changes no verdict and does not throw.
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
