import { markup, type Markup } from '#report/markup.ts'
import type { CheckResult } from '#results/results.ts'
import { anchorOf, routeOf, type Anchored } from '#report/words.ts'
import { arrowTo } from './screen-reader.ts'

/** The anchor of a check that is asked from a place: `gateway-strict--reach.local--cluster1`. */
export const idOf = (topology: Anchored, { id, from }: Pick<CheckResult, 'id' | 'from'>): string =>
  `${anchorOf(topology)}--${id}--${from.length > 1 ? 'mesh' : from.join()}`.replaceAll(/[^\w.-]+/g, '-')

/** From where to where a check asks, with an arrow that is read as a word. */
export const routeWords = (check: Pick<CheckResult, 'from' | 'to'>): Markup | string => {
  const [from, to] = routeOf(check).split(' → ')
  return to === undefined ? (from ?? '') : markup`${from} ${arrowTo} ${to}`
}
