import { jsonText, printable } from '#results/text.ts'

/** Prints what programs read: text as it is, anything else as JSON. */
export const print = (value: unknown): void => {
  process.stdout.write(`${typeof value === 'string' ? printable(value) : jsonText(value)}\n`)
}
