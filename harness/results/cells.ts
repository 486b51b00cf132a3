import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'

/**
 * The part of a matrix that a runner, or a pod, performs. `name` is also the name of its report folder; `args` are the
 * arguments of `meshproof`.
 */
export const Cell = z.strictObject({
  name: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name is letters, digits and . _ -, and begins with a letter or a digit'),
  args: z.array(z.string()).refine(([command]) => command === 'test', 'a cell is a test: its first argument says so'),
})
export type Cell = z.infer<typeof Cell>

/** The cells document: all cells of a matrix, in order. The index of a cell is its place there, beginning at 0. */
export const Cells = z.strictObject({
  cells: z
    .array(Cell)
    .min(1)
    .refine(
      (cells) => new Set(cells.map(({ name }) => name)).size === cells.length,
      'two cells have the same name, and would share a report folder',
    ),
})
export type Cells = z.infer<typeof Cells>

/**
 * Reads a cells document.
 * @throws MeshproofError MP-161 when it cannot be read, or does not match its schema.
 */
export const readCells = async (file: string): Promise<Cell[]> => {
  try {
    return Cells.parse(JSON.parse(await readFile(file, 'utf8'))).cells
  } catch (cause) {
    const why =
      cause instanceof z.ZodError
        ? cause.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`).join('; ')
        : reasonOf(cause)
    throw new MeshproofError('MP-161', {
      what: 'That is no cells document',
      where: file,
      why,
      next: 'Print one with meshproof matrix.',
      cause,
    })
  }
}

/** The flags for versions. Each takes several versions. */
export const versionFlags = ['istio', 'kubernetes', 'kind'] as const

/** The versions that a command line asks for, by flag. */
export type Versions = Partial<Record<(typeof versionFlags)[number], string>>
