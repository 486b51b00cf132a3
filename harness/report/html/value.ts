import { joined, markup, type Markup } from '#report/markup.ts'

/** The longest text that the page shows of a fact, in characters. */
const longest = 2000

/** The name of a field as words: `settledAfterSeconds` → `settled after seconds`. */
export const labelOf = (key: string): string =>
  key.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/**
 * A fact of any probe in words: plain facts as they are, lists by commas or as bullets, and objects as pairs. The page
 * cuts very long text; results.json has all of it.
 */
export const value = (fact: unknown): Markup | string => {
  if (fact === undefined || fact === null || fact === '') return ''
  if (typeof fact === 'boolean') return fact ? 'yes' : 'no'
  if (typeof fact === 'number') return figure(fact)
  if (typeof fact === 'string') return fact.length > longest ? `${fact.slice(0, longest)}…` : fact
  return Array.isArray(fact) ? list(fact) : pairs(fact)
}

const list = (items: unknown[]): Markup | string => {
  if (items.length === 0) return 'none'
  return items.some((item) => typeof item === 'object')
    ? markup`<ul>${items.map((item) => markup`<li>${value(item)}</li>`)}</ul>`
    : joined(items.map(value), ', ')
}

const pairs = (fact: object): Markup | string => {
  const filled = Object.entries(fact).filter(([, field]) => field !== null && field !== '')
  if (filled.length === 0) return 'none'
  return joined(
    filled.map(([key, field]) => markup`<i>${labelOf(key)}</i> ${value(field)}`),
    ' · ',
  )
}

/** A number with no more digits than a reader needs. */
export const figure = (number: number): string => {
  if (Number.isInteger(number)) return String(number)
  return Math.abs(number) >= 0.001 ? String(Number(number.toPrecision(4))) : number.toExponential(1)
}
