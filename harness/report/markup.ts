/** Text that is markup already and is not escaped again. */
export type Markup = { readonly markup: string }

type Part = Markup | string | number | false | undefined | readonly Part[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const special = /[&<>"'\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu

// A character that XML 1.0 (§2.2) does not allow is left out: even as a reference it would break the file.
const escape = (text: string): string =>
  text.replace(special, (character) => entities[character] ?? (/[\t\n\r]/.test(character) ? character : ''))

const written = (part: Part): string => {
  if (part === undefined || part === false) return ''
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(written).join('')
  return escape(String(part))
}

// The texts of a template without the white space that only lays it out in the source.
const withoutLayout = (texts: readonly string[]): string[] =>
  texts.map((text, index) => {
    const flat = text.replaceAll(/\n +/g, '\n')
    const begun = index === 0 && flat.startsWith('\n') ? flat.slice(1) : flat
    return index === texts.length - 1 && begun.endsWith('\n') ? begun.slice(0, -1) : begun
  })

/**
 * Markup (HTML, SVG or XML) from a template. A value in the template is escaped, for text and for quoted attributes,
 * unless it is markup itself. A template may be laid out over several indented lines: the indentation is left out, and
 * so are a line break at the beginning and one at the end. The other line breaks stay, and are white space of the
 * markup.
 */
export const markup = (texts: TemplateStringsArray, ...parts: Part[]): Markup => ({
  markup: withoutLayout(texts)
    .map((text, index) => text + written(parts[index]))
    .join(''),
})

/** Joins parts of markup with something between them, as `join` does for text. */
export const joined = (parts: readonly (Markup | string)[], between: string): Markup =>
  markup`${parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]))}`
