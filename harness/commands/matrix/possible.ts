import { MeshproofError } from '#errors.ts'
import { imagesFor } from '#images/versions.ts'

/**
 * Sees to it that every combination of versions can be had, before any is.
 * @throws MeshproofError MP-165 with all refusals; of a single combination its own, as imagesFor throws it.
 */
export const requirePossible = async (
  cells: readonly { name: string; options: Parameters<typeof imagesFor>[0] }[],
): Promise<void> => {
  const refusals = (
    await Promise.all(
      cells.map(async ({ name, options }) =>
        imagesFor(options).then(
          () => [],
          (error: unknown) => {
            if (!(error instanceof MeshproofError)) throw error
            return [{ name, error }]
          },
        ),
      ),
    )
  ).flat()
  const [first] = refusals
  if (first && cells.length === 1) throw first.error
  if (refusals.length === 0) return
  const reasons = [
    ...Map.groupBy(refusals, ({ error }) => `${error.code}  ${error.message}\n      next: ${error.next}`),
  ]
  throw new MeshproofError('MP-165', {
    what: `${refusals.length} of ${cells.length} combinations of versions cannot be had`,
    why: reasons.map(([reason, of]) => `\n  ${of.map(({ name }) => name).join(', ')}\n    ${reason}`).join(''),
    next: 'Put all of these right, and run the same command again. Nothing was run.',
  })
}
