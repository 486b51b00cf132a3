import type { RunOptions, TestOptions } from '#run/options.ts'
import { combinations, nameOf } from './combinations.ts'

/** One combination of the versions that a command line asks for. */
export type VersionCell = { name: string; options: RunOptions }

/** Every combination of versions, each with the options of a run of its own; where no version is given there is one, without a name. */
export const versionCells = ({ istio, kubernetes, kind, ...rest }: TestOptions): VersionCell[] =>
  combinations({ istio, kubernetes, kind }).map((versions) => ({ name: nameOf(versions), options: { ...rest, ...versions } }))
