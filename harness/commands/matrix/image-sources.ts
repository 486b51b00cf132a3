import { MeshproofError } from '#errors.ts'
import type { ImageSource, Wanted } from '#images/images.ts'
import { resolveImageSource } from '#images/versions.ts'

/**
 * Resolves where the images of every combination of versions come from, before any image is fetched.
 * @throws MeshproofError MP-165 with every refusal. A single combination throws its own error, as resolveImageSource
 * does.
 */
export const resolveImageSources = async (
  cells: readonly { name: string; options: Wanted }[],
): Promise<(ImageSource | 'auto')[]> => {
  const resolved = await Promise.all(
    cells.map(async ({ name, options }) =>
      resolveImageSource(options).then(
        (source) => ({ source }),
        (error: unknown) => {
          if (!(error instanceof MeshproofError)) throw error
          return { refusal: { name, error } }
        },
      ),
    ),
  )
  const refusals = resolved.flatMap((cell) => ('refusal' in cell ? [cell.refusal] : []))
  const [first] = refusals
  if (first && cells.length === 1) throw first.error
  if (refusals.length === 0) return resolved.flatMap((cell) => ('source' in cell ? [cell.source] : []))
  const reasons = [
    ...Map.groupBy(refusals, ({ error }) => `${error.code}  ${error.message}\n      next: ${error.next}`),
  ]
  throw new MeshproofError('MP-165', {
    what: `${refusals.length} of ${cells.length} combinations of versions cannot be had`,
    why: reasons
      .map(([reason, refused]) => `\n  ${refused.map(({ name }) => name).join(', ')}\n    ${reason}`)
      .join(''),
    next: 'Put all of these right, and run the same command again. Nothing was run.',
  })
}
