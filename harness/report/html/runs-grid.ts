import type { ShownRun } from '#report/shown-run.ts'
import { strategyWords } from '#report/upgrade-words.ts'
import type { Versions } from '#results/cells.ts'
import { type TopologyResult, variantName } from '#results/results.ts'

/** The versions of a column, as they are written above it. */
export type ColumnVersions = Required<Versions>

/** Runs that share a column: they have the same versions, and no row in common. */
export type Column = { versions: ColumnVersions; runs: ShownRun[]; at: Map<string, ShownRun> }

/** Where runs stand on the page of all. The rows are what they are told apart by, beside their versions. */
export type Grid = {
  by: 'topology' | 'cell'
  rows: string[]
  columns: Column[]
  inRow: (run: ShownRun, row: string) => TopologyResult[]
}

/** Topologies by versions; cells of which some ask other checks than others each in a row of their own. */
export const gridOf = (runs: readonly ShownRun[]): Grid => {
  const by =
    new Set(runs.flatMap(({ cell }) => (cell ? [flags(cell.args, ['suite']).join()] : []))).size > 1
      ? 'cell'
      : 'topology'
  const rowsOf = (run: ShownRun): string[] => (by === 'cell' && run.cell ? [run.cell.name] : topologyRows(run, runs))
  const columns: Column[] = []
  for (const run of runs.toSorted((a, b) =>
    (a.results?.run.startedAt ?? '').localeCompare(b.results?.run.startedAt ?? ''),
  )) {
    const [versions, rows] = [versionsOf(run, runs), rowsOf(run)]
    const free = columns.find(
      (column) => compareVersions(column.versions, versions) === 0 && !rows.some((row) => column.at.has(row)),
    )
    const column = free ?? { versions, runs: [], at: new Map<string, ShownRun>() }
    if (!free) columns.push(column)
    column.runs.push(run)
    for (const row of rows) column.at.set(row, run)
  }
  return {
    by,
    rows: [...new Set(runs.flatMap(rowsOf))],
    columns: columns.toSorted((a, b) => compareVersions(a.versions, b.versions)),
    inRow: ({ results }, row) =>
      (results?.topologies ?? []).filter((topology) => by === 'cell' || rowName(topology) === row),
  }
}

// An upgrade proves something else than the checks of its topology do: it is no other version of their row.
const rowName = (topology: TopologyResult): string =>
  topology.upgrade
    ? `${variantName(topology)}, upgraded ${strategyWords[topology.upgrade.strategy]}`
    : variantName(topology)

/** What a run has results of; of a cell without any, what cells like it have, and else what it was asked for. */
const topologyRows = ({ results, cell }: ShownRun, runs: readonly ShownRun[]): string[] => {
  if (!cell || (results && results.topologies.length > 0)) return results?.topologies.map(rowName) ?? []
  const asked = flags(cell.args, ['topology', 'mtls'])
  const like = runs.flatMap((run) =>
    run.results && run.cell && flags(run.cell.args, ['topology', 'mtls']).join() === asked.join()
      ? run.results.topologies.map(rowName)
      : [],
  )
  return like.length > 0
    ? [...new Set(like)]
    : asked[0] === undefined
      ? [cell.name]
      : [asked[0].slice('--topology='.length)]
}

/**
 * What a run says that it had; where it did not come that far, what cells asked for the same had, and else what it was
 * asked for.
 */
const versionsOf = (run: ShownRun, runs: readonly ShownRun[]): ColumnVersions => {
  const asked = (one: ShownRun): string => flags(one.cell?.args ?? [], ['istio', 'kubernetes', 'kind']).join()
  const told = [run, ...runs.filter((other) => other.cell && run.cell && asked(other) === asked(run))].flatMap(
    ({ results }) => (results ? [results] : []),
  )
  const of = (flag: keyof Versions): string =>
    told
      .map((results) => (flag === 'istio' ? releaseOf(results) : results.environment[flag]))
      .find((version) => version !== 'unknown') ??
    flags(run.cell?.args ?? [], [flag])[0]?.slice(flag.length + 3) ??
    'unknown'
  return { istio: of('istio'), kubernetes: of('kubernetes'), kind: of('kind') }
}

// Of a run that upgraded, both.
const releaseOf = ({ environment, topologies }: NonNullable<ShownRun['results']>): string =>
  [
    ...new Set(topologies.flatMap(({ upgrade }) => (upgrade ? [`${upgrade.from.istio} → ${upgrade.to.istio}`] : []))),
  ].join(', ') || environment.istio

const flags = (args: readonly string[], names: readonly string[]): string[] =>
  args.filter((arg) => names.some((name) => arg.startsWith(`--${name}=`)))

const compareVersions = (a: ColumnVersions, b: ColumnVersions): number =>
  byNumbers(a.istio, b.istio) || byNumbers(a.kubernetes, b.kubernetes) || byNumbers(a.kind, b.kind)

// 1.9 before 1.30.
const { compare: byNumbers } = new Intl.Collator('en', { numeric: true })
