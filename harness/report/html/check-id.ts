import { markup, type Markup } from '#report/markup.ts'
import type { CheckResult } from '#results/results.ts'
import { anchorOf, routeOf, type Anchored } from '#report/words.ts'

/** The anchor of one check asked from one place: `gateway-strict--reach.local--cluster1`. */
export const idOf = (asked: Anchored, { id, from }: Pick<CheckResult, 'id' | 'from'>): string =>
  `${anchorOf(asked)}--${id}--${from.length > 1 ? 'mesh' : from.join()}`.replaceAll(/[^\w.-]+/g, '-')

/** From where to where, with an arrow that is read as a word. */
export const routeWords = (check: Pick<CheckResult, 'from' | 'to'>): Markup | string => {
  const [from, to] = routeOf(check).split(' → ')
  return to === undefined
    ? (from ?? '')
    : markup`${from} <span aria-hidden="true">→</span><span class="unseen">to</span> ${to}`
}
