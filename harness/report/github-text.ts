import { printable } from '#results/text.ts'

/** How many annotations of a kind GitHub shows for a step. */
export const mostAnnotations = 10

/** The most lines of evidence of a finding in an annotation or in the summary. */
export const mostEvidence = 5

/** What is said of a failure that no layer explains. */
export const unexplained = 'Unexplained: no layer of the mesh shows why.'

/** What is said of a failure in what the check itself measured, which no layer could explain. */
export const measuredItself = 'The check measured this itself.'

/** The kinds of annotations. */
export type AnnotationKind = 'error' | 'warning' | 'notice'

/**
 * As many annotations of a kind as GitHub shows. Of more, the last says how many there are, and that they are in
 * `rest`.
 */
export const limited = (
  kind: AnnotationKind,
  commands: string[],
  rest = 'the step summary and in report.html',
): string[] => {
  if (commands.length <= mostAnnotations) return commands
  const shown = commands.slice(0, mostAnnotations - 1)
  return [...shown, command(kind, 'and more', `${commands.length - shown.length} more are in ${rest}.`)]
}

/**
 * An annotation, as a workflow command. Characters that end a command or a property are escaped as actions/toolkit does
 * it (packages/core/src/command.ts).
 */
export const command = (kind: AnnotationKind, title: string, message: string): string =>
  `::${kind} title=${escaped(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${escaped(message)}`

const escaped = (value: string): string =>
  printable(value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'))

/** Text as it is: characters that Markdown would read as markup or as the end of a cell become references. */
export const text = (value: string): string =>
  printable(value.replaceAll(/[\r\n]+/g, ' ')).replaceAll(
    /[\\`*_{}[\]<>#|~@&]/g,
    (character) => `&#${character.codePointAt(0) ?? 32};`,
  )

/** A row of a table. */
export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The evidence of a finding as a list inside a quotation. */
export const listed = (evidence: readonly string[]): string[] =>
  evidence.length === 0 ? [] : [...evidence.slice(0, mostEvidence).map((line) => `> - ${text(line)}`), '>']

/**
 * The lines as Markdown of at most `bytes` bytes. It cuts between lines, since half a row would break the table, and
 * says that what is left out is in `rest`.
 */
export const bounded = (lines: string[], bytes: number, rest = 'report.html'): string => {
  const last = `The rest is left out: it is in ${rest}.`
  let left = bytes - Buffer.byteLength(last) - 3
  const tooMuch = lines.findIndex((line) => {
    left -= Buffer.byteLength(line) + 1
    return left < 0
  })
  return `${(tooMuch === -1 ? lines : [...lines.slice(0, tooMuch), '', last]).join('\n')}\n`
}
