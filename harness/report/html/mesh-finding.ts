import { markup, type Markup } from '#report/markup.ts'
import type { Finding } from '#results/explanation.ts'
import { anchorOf, type Anchored } from '#report/words.ts'

/** The most lines of evidence that the page shows of a finding. results.json has all of them. */
const mostLines = 8

/** The anchor of a layer in the diagnosis of a mesh. Layers of checks have other anchors. */
export const layerAnchor = (topology: Anchored, layer: string): string => `${anchorOf(topology)}--mesh-${layer}`

/** A code of the diagnosis, and the place in the documents that explains it. */
export const codeWords = (code: string): Markup =>
  markup`<code>${code}</code> <small>docs/codes.md#${code.toLowerCase()}</small>`

/** The evidence of a finding as a list; undefined where it has none. `rest` is the document that has all of it. */
export const evidenceLines = ({ evidence }: Pick<Finding, 'evidence'>, rest = 'results.json'): Markup | undefined => {
  if (evidence.length === 0) return undefined
  const more = evidence.length - mostLines
  return markup`
    <ul class="lines">
      ${evidence.slice(0, mostLines).map((line) => markup`<li>${line}</li>`)}
      ${more > 0 && markup`<li>${more} more in ${rest}</li>`}
    </ul>
  `
}

/**
 * What to do about a finding. A command stands in a block that one click selects whole. It stays in one line, so that
 * a shell which it is pasted into runs nothing else.
 */
export const nextStep = (title: string, { fix }: Pick<Finding, 'fix'>): Markup =>
  /^(?:kubectl|istioctl|npx) /.test(fix)
    ? markup`
        <p class="next"><b>${title}</b></p>
        <pre class="command"><code>${fix.replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')}</code></pre>
      `
    : markup`<p class="next"><b>${title}</b> ${fix}</p>`
