/** Versions that a run may be asked for, each of which may be several. */
export const versionFlags = ['istio', 'kubernetes', 'kind'] as const
export type Versions = Partial<Record<(typeof versionFlags)[number], string>>

/** Every combination of one value of each list, the last list changing fastest; where there is no list, nothing is asked for. */
export const combinations = (lists: { readonly [flag in keyof Versions]?: readonly string[] | undefined }): Versions[] =>
  versionFlags.reduce<Versions[]>((all, flag) => (lists[flag] === undefined ? all : all.flatMap((one) => [...new Set(lists[flag])].map((version) => ({ ...one, [flag]: version })))), [{}])

/** What tells a combination from others, as a part of the name of a cell: `istio-1.30.4-kubernetes-1.33`. */
export const nameOf = (versions: Versions): string =>
  Object.entries(versions).map(([flag, version]) => `${flag}-${version}`).join('-').replaceAll(/[^\w.-]+/g, '-')
