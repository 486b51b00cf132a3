/**
 * The version that is asked for, of those there are from the newest to the oldest: 1.33 is the newest patch of that
 * minor, 1.33.13 (or v1.33.13) that one alone.
 */
export const versionAsked = (versions: readonly string[], asked: string): string | undefined =>
  versions.find((version) => `${plain(version)}.`.startsWith(`${plain(asked)}.`))

const plain = (version: string): string => version.replace(/^v/, '')

/** The tag of an image’s name; empty where it has none. */
export const tagOf = (image = ''): string => /:([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? ''

/** The minor version that a tag begins with; undefined where it tells none. */
export const minorOf = (tag: string): number | undefined => {
  const minor = /^v?1\.(\d+)/.exec(tag)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
