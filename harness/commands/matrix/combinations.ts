import { MeshproofError } from '#errors.ts'
import { versionFlags, type Versions } from '#results/cells.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'

/**
 * Every combination of one version from each list; the last list changes fastest. A flag without a list does not appear
 * in the combinations.
 */
export const combinations = (lists: {
  readonly [flag in keyof Versions]?: readonly string[] | undefined
}): Versions[] =>
  versionFlags.reduce<Versions[]>(
    (combined, flag) =>
      lists[flag] === undefined
        ? combined
        : combined.flatMap((versions) =>
            [...new Set(lists[flag])].map((version) => ({ ...versions, [flag]: version })),
          ),
    [{}],
  )

/** The name of a combination, for the name of a cell: `istio-1.30.4-kubernetes-1.33`. */
export const nameOf = (versions: Versions): string =>
  Object.entries(versions)
    .map(([flag, version]) => `${flag}-${version}`)
    .join('-')
    .replaceAll(/[^\w.-]+/g, '-')

/** One combination of the versions that a command line asks for. */
export type VersionCell = { name: string; options: RunOptions }

/**
 * Every combination of versions, each with the options of its run. Without any version there is one combination, whose
 * name is empty.
 */
export const versionCells = ({ istio, kubernetes, kind, ...rest }: TestOptions): VersionCell[] =>
  combinations({ istio, kubernetes, kind }).map((versions) => ({
    name: nameOf(versions),
    options: { ...rest, ...versions },
  }))

/**
 * Requires that a command which works with a single lab is given one version for each flag. A version for each cluster
 * is one mesh, which `prove` and `upgrade` do not take.
 * @throws MeshproofError MP-162 where a flag has several versions.
 */
export const requireOneVersion = (command: string, options: Record<string, unknown>): void => {
  const takesOneForEachCluster = !/ (prove|upgrade)$/.test(command)
  const isSeveral = (given: string): boolean => given.includes(',') && !(takesOneForEachCluster && given.includes(':'))
  const several = [...versionFlags, 'from', 'to'].filter((flag) => isSeveral([options[flag]].flat().join(',')))
  if (several.length === 0) return
  throw new MeshproofError('MP-162', {
    what: `${command} takes one version of each`,
    where: several.map((flag) => `--${flag}=${[options[flag]].flat().join(',')}`).join(' '),
    next: 'Name one. Several, and every combination of them, are for meshproof test, and for meshproof matrix.',
  })
}
