/** The label in which an image that is built here keeps the digests of its parts, by the names of images. */
export const digestsLabel = 'dev.meshproof.digests'

/** The value of the label for these digests. */
export const digestsLabelValue = (digests: Iterable<readonly [name: string, digest: string]>): string =>
  [...digests].map((entry) => entry.join('@')).join(' ')

/** The digests in the value of such a label, by the names of images. */
export const digestsIn = (label: string): ReadonlyMap<string, string> =>
  new Map(
    label
      .split(' ')
      .filter(Boolean)
      .map((entry) => {
        const [name = '', digest = ''] = entry.split('@')
        return [name, digest]
      }),
  )
