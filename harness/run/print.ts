import { jsonText, printable } from '#results/text.ts'

/** Prints text as it is, and any other value as JSON. */
export const print = (value: unknown): void => {
  process.stdout.write(`${typeof value === 'string' ? printable(value) : jsonText(value)}\n`)
}
