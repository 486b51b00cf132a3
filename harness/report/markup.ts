/** Text that is markup already and is not escaped again. */
export type Markup = { readonly markup: string }

type Part = Markup | string | number | false | undefined | readonly Part[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const special = /[&<>"'\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu

// What XML 1.0 (§2.2) cannot hold, and no page should, is left out: even as a reference it would break the file.
const escape = (text: string): string =>
  text.replace(special, (one) => entities[one] ?? (/[\t\n\r]/.test(one) ? one : ''))

const written = (part: Part): string => {
  if (part === undefined || part === false) return ''
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(written).join('')
  return escape(String(part))
}

/**
 * Markup, HTML, SVG or XML, from a template: whatever is put into it is escaped, for text and for quoted attributes,
 * unless it is markup itself.
 */
export const markup = (texts: TemplateStringsArray, ...parts: Part[]): Markup => ({
  markup: texts.map((text, index) => text + written(parts[index])).join(''),
})

/** Markup parts with something between them, as `join` does it for text. */
export const joined = (parts: readonly (Markup | string)[], between: string): Markup =>
  markup`${parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]))}`
