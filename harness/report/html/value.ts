import { joined, markup, type Markup } from '#report/markup.ts'

const longest = 2000

/** The name of a field as words: `settledAfterSeconds` → `settled after seconds`. */
export const labelOf = (key: string): string =>
  key.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/**
 * Any fact of any probe: words for what is plain, lists and pairs for what is not. Very long text is cut; results.json
 * has it whole.
 */
export const value = (fact: unknown): Markup | string => {
  if (fact === undefined || fact === null || fact === '') return ''
  if (typeof fact === 'boolean') return fact ? 'yes' : 'no'
  if (typeof fact === 'number') return figure(fact)
  if (typeof fact === 'string') return fact.length > longest ? `${fact.slice(0, longest)}…` : fact
  if (Array.isArray(fact))
    return fact.length === 0
      ? 'none'
      : fact.some((one) => typeof one === 'object')
        ? markup`<ul>${fact.map((one) => markup`<li>${value(one)}</li>`)}</ul>`
        : joined(fact.map(value), ', ')
  const pairs = Object.entries(fact).filter(([, one]) => one !== null && one !== '')
  return pairs.length === 0
    ? 'none'
    : joined(
        pairs.map(([key, one]) => markup`<i>${labelOf(key)}</i> ${value(one)}`),
        ' · ',
      )
}

/** A number with no more digits than anybody reads. */
export const figure = (number: number): string =>
  Number.isInteger(number)
    ? String(number)
    : Math.abs(number) >= 0.001
      ? String(Number(number.toPrecision(4)))
      : number.toExponential(1)
