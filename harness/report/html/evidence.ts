import { markup, type Markup } from '#report/markup.ts'
import type { Evidence } from '#results/results.ts'
import { type EvidenceColumn, knownEvidence } from './known-evidence.ts'
import { columnTitles, row } from './table.ts'
import { labelOf, value } from './value.ts'

/**
 * The evidence of an attempt as tables, in the order in which it was taken. Pieces of the same kind that follow each
 * other share a table.
 */
export const evidence = (pieces: readonly Evidence[]): Markup => {
  const known = knownEvidence()
  return markup`${runsOf(pieces).map((run) => {
    const probe = run[0]?.probe ?? ''
    return table(probe, run, known[probe] ?? generic(run))
  })}`
}

const table = (probe: string, run: readonly Evidence[], columns: readonly EvidenceColumn[]): Markup => {
  const rows = run.map((piece) => columns.map(({ cellOf }) => cellOf(piece) ?? ''))
  const isFilled = (_: unknown, column: number): boolean => rows.some((cells) => cells[column] !== '')
  return markup`
    <table><caption>${probe}</caption>
    ${columnTitles(columns.filter(isFilled).map(({ title }) => title))}
    <tbody>${rows.map((cells) => row(cells.filter(isFilled)))}</tbody></table>
  `
}

const runsOf = (pieces: readonly Evidence[]): Evidence[][] => {
  const runs: Evidence[][] = []
  for (const piece of pieces) {
    const last = runs.at(-1)
    if (last?.[0]?.probe === piece.probe) last.push(piece)
    else runs.push([piece])
  }
  return runs
}

// A probe that this report does not know: a column for each of its facts.
const generic = (run: readonly Evidence[]): EvidenceColumn[] =>
  [...new Set(run.flatMap((piece) => Object.keys(piece)))]
    .filter((key) => key !== 'probe')
    .map((key) => ({ title: labelOf(key), cellOf: (piece) => value(piece[key]) }))
