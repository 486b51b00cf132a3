import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Node } from 'yaml'
import { reasonOf } from '#errors.ts'

/** A place in a text. Lines and columns count from 1. */
export type Place = { line: number; column: number }

/** The value of a YAML text, its syntax errors, and the places of the value’s parts. */
export type YamlText = {
  value: unknown
  errors: { place: Place; message: string }[]
  /** The place of a part. For a part that is missing, the place of the map that lacks it. */
  placeOf: (path: readonly PropertyKey[], part?: 'key' | 'value') => Place
}

/** Reads a YAML text and the places of its parts. */
export const readYaml = (text: string): YamlText => {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const place = (offset: number): Place => {
    const { line, col: column } = lineCounter.linePos(offset)
    return { line, column }
  }

  const errors = document.errors.map(({ code, message, pos: [offset] }) => ({
    place: place(offset),
    message: code === 'MULTIPLE_DOCS' ? 'a second document starts here: one file holds one' : message,
  }))
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // an alias that refers to nothing, or to itself
    const unresolved: Node[] = []
    visit(document, {
      Alias: (_, alias) => {
        if (!alias.resolve(document)) unresolved.push(alias)
      },
    })
    errors.push({ place: place(startOf(unresolved[0])), message: reasonOf(error) })
  }

  const placeOf: YamlText['placeOf'] = (path, part = 'value') => {
    let node: unknown = document.contents
    let offset = startOf(node)
    for (const step of path) {
      const whole = isAlias(node) ? node.resolve(document) : node
      if (isMap(whole)) {
        const pair = whole.items.find(({ key }) => isScalar(key) && String(key.value) === step)
        if (!pair) break
        node = pair.value
        // The place of a list or map is that of its key, which may be on the line above.
        offset = startOf(part === 'key' || isCollection(node) ? pair.key : node)
      } else if (isSeq(whole) && whole.items[Number(step)] !== undefined) {
        node = whole.items[Number(step)]
        offset = startOf(node)
      } else break
    }
    return place(offset)
  }
  return { value, errors, placeOf }
}

const startOf = (node: unknown): number => (node as Node | null | undefined)?.range?.[0] ?? 0
