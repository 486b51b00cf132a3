import { markup, type Markup } from '#report/markup.ts'

/** Text that a screen reader reads and the page does not show. */
export const onlyRead = (text: string): Markup => markup`<span class="unseen">${text}</span>`

/** Text that the page shows and a screen reader leaves out. */
export const onlyShown = (text: string): Markup => markup`<span aria-hidden="true">${text}</span>`

/** An arrow that is read as a word. */
export const arrowTo = markup`${onlyShown('→')}${onlyRead('to')}`
