/** The label under which an image of ours keeps the digests of what it is made of, by the names of images. */
export const digestsLabel = 'dev.meshproof.digests'

/** Digests as such a label spells them. */
export const spelledDigests = (digests: Iterable<readonly [name: string, digest: string]>): string =>
  [...digests].map((one) => one.join('@')).join(' ')

/** Digests by names, as such a label has them. */
export const digestsIn = (label: string): ReadonlyMap<string, string> =>
  new Map(
    label
      .split(' ')
      .filter(Boolean)
      .map((one) => {
        const [name = '', digest = ''] = one.split('@')
        return [name, digest]
      }),
  )
