import { MeshproofError } from '#errors.ts'
import { versionFlags, type Versions } from '#results/cells.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'

/**
 * Every combination of one value of each list, the last list changing fastest; where there is no list, nothing is asked
 * for.
 */
export const combinations = (lists: {
  readonly [flag in keyof Versions]?: readonly string[] | undefined
}): Versions[] =>
  versionFlags.reduce<Versions[]>(
    (all, flag) =>
      lists[flag] === undefined
        ? all
        : all.flatMap((one) => [...new Set(lists[flag])].map((version) => ({ ...one, [flag]: version }))),
    [{}],
  )

/** What tells a combination from others, as a part of the name of a cell: `istio-1.30.4-kubernetes-1.33`. */
export const nameOf = (versions: Versions): string =>
  Object.entries(versions)
    .map(([flag, version]) => `${flag}-${version}`)
    .join('-')
    .replaceAll(/[^\w.-]+/g, '-')

/** One combination of the versions that a command line asks for. */
export type VersionCell = { name: string; options: RunOptions }

/**
 * Every combination of versions, each with the options of a run of its own; where no version is given there is one,
 * without a name.
 */
export const versionCells = ({ istio, kubernetes, kind, ...rest }: TestOptions): VersionCell[] =>
  combinations({ istio, kubernetes, kind }).map((versions) => ({
    name: nameOf(versions),
    options: { ...rest, ...versions },
  }))

/**
 * Sees to it that what works with a single lab is asked for one version of each.
 * @throws MeshproofError MP-162 where it is asked for several.
 */
export const requireOneVersion = (who: string, options: Record<string, unknown>): void => {
  const several = [...versionFlags, 'from', 'to'].filter((flag) => [options[flag]].flat().join(',').includes(','))
  if (several.length === 0) return
  throw new MeshproofError('MP-162', {
    what: `${who} takes one version of each`,
    where: several.map((flag) => `--${flag}=${[options[flag]].flat().join(',')}`).join(' '),
    next: 'Name one. Several, and every combination of them, are for meshproof test, and for meshproof matrix.',
  })
}
