import { markup, type Markup } from '#report/markup.ts'
import type { Evidence } from '#results/results.ts'
import { type Column, knownEvidence } from './known-evidence.ts'
import { labelOf, value } from './value.ts'

/**
 * The evidence of an attempt as tables, in the order it was taken: pieces of one kind that follow each other share a
 * table.
 */
export const evidence = (pieces: readonly Evidence[]): Markup => {
  const known = knownEvidence()
  return markup`${runsOf(pieces).map((run) => {
    const columns = known[run[0]?.probe ?? ''] ?? generic(run)
    const rows = run.map((piece) => columns.map(({ of }) => of(piece) ?? ''))
    const filled = columns.map((_, index) => rows.some((row) => row[index] !== ''))
    return markup`<table><caption>${run[0]?.probe}</caption><thead><tr>${columns.map(({ title }, index) => filled[index] && markup`<th scope="col">${title}</th>`)}</tr></thead><tbody>${rows.map(
      (row) => markup`<tr>${row.map((cell, index) => filled[index] && markup`<td>${cell}</td>`)}</tr>
`,
    )}</tbody></table>`
  })}`
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
const generic = (run: readonly Evidence[]): Column[] =>
  [...new Set(run.flatMap((piece) => Object.keys(piece)))]
    .filter((key) => key !== 'probe')
    .map((key) => ({ title: labelOf(key), of: (piece) => value(piece[key]) }))
