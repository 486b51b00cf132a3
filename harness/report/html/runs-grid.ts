import type { ShownRun } from '#report/shown-run.ts'
import { strategyWords } from '#report/upgrade-words.ts'
import type { Versions } from '#results/cells.ts'
import { type TopologyResult, variantName } from '#results/results.ts'

/** The versions of a column, as they are written above it. */
export type ColumnVersions = Required<Versions>

/** The runs that share a column: they have the same versions, and no row in common. `byRow`: the run of each row. */
export type VersionColumn = { versions: ColumnVersions; runs: ShownRun[]; byRow: Map<string, ShownRun> }

/** The places of runs on the page of several runs. `rowKind` says what a row stands for. */
export type Grid = {
  rowKind: 'topology' | 'cell'
  rows: string[]
  columns: VersionColumn[]
  /** The topologies of a run that belong to a row. */
  inRow: (run: ShownRun, row: string) => TopologyResult[]
}

/** Arranges topologies by versions. Where cells ask different checks, each cell has a row of its own instead. */
export const gridOf = (runs: readonly ShownRun[]): Grid => {
  const suites = new Set(runs.flatMap(({ cell }) => (cell ? [flagsOf(cell.args, ['suite']).join()] : [])))
  const rowKind = suites.size > 1 ? 'cell' : 'topology'
  const rowsOf = (run: ShownRun): string[] =>
    rowKind === 'cell' && run.cell ? [run.cell.name] : topologyRows(run, runs)
  const columns: VersionColumn[] = []
  for (const run of runs.toSorted((a, b) => startOf(a).localeCompare(startOf(b)))) {
    const [versions, rows] = [versionsOf(run, runs), rowsOf(run)]
    const free = columns.find(
      (column) => compareVersions(column.versions, versions) === 0 && !rows.some((row) => column.byRow.has(row)),
    )
    const column = free ?? { versions, runs: [], byRow: new Map<string, ShownRun>() }
    if (!free) columns.push(column)
    column.runs.push(run)
    for (const row of rows) column.byRow.set(row, run)
  }
  return {
    rowKind,
    rows: [...new Set(runs.flatMap(rowsOf))],
    columns: columns.toSorted((a, b) => compareVersions(a.versions, b.versions)),
    inRow: ({ results }, row) =>
      (results?.topologies ?? []).filter((topology) => rowKind === 'cell' || rowName(topology) === row),
  }
}

const startOf = ({ results }: ShownRun): string => results?.run.startedAt ?? ''

// An upgrade proves other things than the checks of its topology, and so has a row of its own.
const rowName = (topology: TopologyResult): string =>
  topology.upgrade
    ? `${variantName(topology)}, upgraded ${strategyWords[topology.upgrade.strategy]}`
    : variantName(topology)

/**
 * The rows of a run: the topologies in its results. A cell without results gets the rows of cells with the same flags;
 * if there are none, the topology in its flags.
 */
const topologyRows = ({ results, cell }: ShownRun, runs: readonly ShownRun[]): string[] => {
  if (!cell || (results && results.topologies.length > 0)) return results?.topologies.map(rowName) ?? []
  const flags = flagsOf(cell.args, ['topology', 'mtls'])
  const rowsOfAlike = runs.flatMap((run) =>
    run.results && run.cell && flagsOf(run.cell.args, ['topology', 'mtls']).join() === flags.join()
      ? run.results.topologies.map(rowName)
      : [],
  )
  if (rowsOfAlike.length > 0) return [...new Set(rowsOfAlike)]
  return flags[0] === undefined ? [cell.name] : [flags[0].slice('--topology='.length)]
}

/**
 * The versions of a run, from its results. Where they do not say a version, it is that of cells with the same flags, or
 * else that of the flag itself.
 */
const versionsOf = (run: ShownRun, runs: readonly ShownRun[]): ColumnVersions => {
  const flags = (other: ShownRun): string => flagsOf(other.cell?.args ?? [], ['istio', 'kubernetes', 'kind']).join()
  const alike = runs.filter((other) => other.cell && run.cell && flags(other) === flags(run))
  const known = [run, ...alike].flatMap(({ results }) => (results ? [results] : []))
  const versionOf = (flag: keyof Versions): string =>
    known
      .map((results) => (flag === 'istio' ? istioOf(results) : results.environment[flag]))
      .find((version) => version !== 'unknown') ??
    flagsOf(run.cell?.args ?? [], [flag])[0]?.slice(flag.length + 3) ??
    'unknown'
  return { istio: versionOf('istio'), kubernetes: versionOf('kubernetes'), kind: versionOf('kind') }
}

// A run that upgraded has two releases.
const istioOf = ({ environment, topologies }: NonNullable<ShownRun['results']>): string => {
  const upgrades = topologies.flatMap(({ upgrade }) => {
    return upgrade ? [`${upgrade.from.istio} → ${upgrade.to.istio}`] : []
  })
  return upgrades.length > 0 ? [...new Set(upgrades)].join(', ') : environment.istio
}

const flagsOf = (args: readonly string[], names: readonly string[]): string[] =>
  args.filter((arg) => names.some((name) => arg.startsWith(`--${name}=`)))

const compareVersions = (a: ColumnVersions, b: ColumnVersions): number =>
  byNumbers(a.istio, b.istio) || byNumbers(a.kubernetes, b.kubernetes) || byNumbers(a.kind, b.kind)

// 1.9 before 1.30.
const { compare: byNumbers } = new Intl.Collator('en', { numeric: true })
