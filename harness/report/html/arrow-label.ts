import { verdictWords } from '#report/words.ts'
import type { Crossing } from './crossings.ts'

/** What stands at an arrow, line by line, and the whole text, which the page shows where a pointer rests on it. */
export type Label = { lines: string[]; whole: string }

/** How many characters of a label fit between an arrow and the edge of the picture, in the widest common fonts. */
const lineLength = 16

/** How many lines of a label fit between two rows of clusters. */
const mostLines = 5

/** The label of a crossing. `roomy`: it has room for words, and for the first check that did not pass. */
export const arrowLabel = ({ from, to, verdict, asked }: Crossing, roomy: boolean): Label => {
  if (verdict === 'none') return { lines: ['not asked'], whole: `${from} → ${to}: not asked` }
  const { mark, word } = verdictWords[verdict]
  const same = asked.filter((check) => check.verdict === verdict)
  const count = same.length === asked.length ? `${same.length}` : `${same.length} of ${asked.length}`
  const summary = `${mark} ${count} ${word}`
  const ids = verdict === 'pass' ? [] : same.map(({ id }) => id)
  return {
    lines: roomy ? [summary, ...ids.slice(0, 1)].flatMap(wrapped).slice(0, mostLines) : [`${mark} ${count}`],
    whole: [`${from} → ${to}`, summary, ...(ids.length > 0 ? [ids.join(', ')] : [])].join(': '),
  }
}

// A line may end at a space, and after a dot or hyphen of a check's id.
const wrapped = (text: string): string[] =>
  (text.match(/[^ .-]*[ .-]|[^ .-]+$/g) ?? [])
    .reduce<string[]>((lines, piece) => {
      const last = lines.at(-1) ?? ''
      const joined = `${last}${piece}`
      return joined.trimEnd().length <= lineLength ? [...lines.slice(0, -1), joined] : [...lines, piece]
    }, [])
    .map((line) => shortened(line.trim()))

const shortened = (line: string): string => (line.length > lineLength ? `${line.slice(0, lineLength - 1)}…` : line)
