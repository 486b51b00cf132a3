import { markup, type Markup } from '#report/markup.ts'

/** A frame in which something wide scrolls by itself, also by keyboard; `label` says what it holds. */
export const scrollable = (label: string, content: Markup, kind = ''): Markup => {
  const classes = kind === '' ? 'scroll' : `scroll ${kind}`
  return markup`<div class="${classes}" tabindex="0" role="group" aria-label="${label}">${content}</div>`
}

/** The head of a table: a title for each column. */
export const columnTitles = (titles: readonly (string | Markup)[]): Markup =>
  markup`<thead><tr>${titles.map((title) => markup`<th scope="col">${title}</th>`)}</tr></thead>`

/** A row of cells. */
export const row = (cells: readonly (string | Markup)[]): Markup =>
  markup`<tr>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`

/** A row that names the rows below it; `width` is how many columns the table has. */
export const groupTitle = (title: string, width: number): Markup =>
  markup`<tr><th colspan="${width}" scope="rowgroup">${title}</th></tr>`
