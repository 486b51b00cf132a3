import type { SemVer } from 'semver'
import coerce from 'semver/functions/coerce.js'

/**
 * The version that is asked for, of those there are from the newest to the oldest: 1.33 is the newest of that minor
 * (1.33.13, or 1.33-dev), 1.33.13 (or v1.33.13) that one alone.
 */
export const versionAsked = (versions: readonly string[], asked: string): string | undefined =>
  versions.find((version) => ['.', '-'].some((next) => `${plain(version)}${next}`.startsWith(`${plain(asked)}${next}`)))

const plain = (version: string): string => version.replace(/^v/, '')

/** The tag of an image’s name; empty where it has none. */
export const tagOf = (image = ''): string => /:([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? ''

/**
 * The release of Istio or Kubernetes that a tag begins with: 1.30.4 for `v1.30.4-distroless`, 1.31.0 for `1.31-dev`.
 * Undefined for a custom tag (`canary`): no order holds between it and a release, and a caller must say so.
 */
export const releaseOf = (tag: string): SemVer | undefined => (/^v?1\.\d/.test(tag) ? coerce(tag) : null) ?? undefined

/** The minor version of the release that a tag begins with; undefined for a custom tag. */
export const minorOf = (tag: string): number | undefined => releaseOf(tag)?.minor
