import { overlap } from './address-range.ts'
import type { Draft, ProcedureName } from './topology-schema.ts'

/** A problem of a part of a file. `against` is the part that it contradicts. */
export type Problem = { path: PropertyKey[]; part?: 'key'; message: string; against?: PropertyKey[] }

/**
 * The problems of a file that concern more than one field. A rule whose field is missing or not valid reports nothing.
 */
export const brokenRules = (draft: Draft): Problem[] =>
  draft.clusters.length < 2
    ? []
    : [
        uniqueNames,
        disjointRanges,
        uniqueVersions,
        bothVersions,
        oneOrAllPrimaries,
        primariesFit,
        networksFit,
        istiodFits,
      ].flatMap((rule) => rule(draft))

type Rule = (draft: Draft) => Problem[]

const requirements: Record<ProcedureName, { primaries: 'one' | 'all'; networks: 'one' | 'several' | 'own' }> = {
  vpn: { primaries: 'one', networks: 'one' },
  'shared-control-plane': { primaries: 'one', networks: 'one' },
  gateway: { primaries: 'one', networks: 'own' },
  'primary-remote': { primaries: 'one', networks: 'several' },
  'multi-primary': { primaries: 'all', networks: 'one' },
  'multi-primary-multi-network': { primaries: 'all', networks: 'several' },
  'external-control-plane': { primaries: 'one', networks: 'several' },
}

const uniqueNames: Rule = ({ clusters }) =>
  repeated(clusters.map(({ name }) => name)).map(({ value, index, first }) => ({
    path: ['clusters', index, 'name'],
    message: `${value} is another cluster’s name too`,
    against: ['clusters', first, 'name'],
  }))

const disjointRanges: Rule = ({ clusters }) => {
  const ranges = clusters.flatMap((cluster, index) =>
    (['podCidr', 'serviceCidr'] as const).flatMap((key) => {
      const range = cluster[key]
      return range === undefined
        ? []
        : [{ range, name: `${cluster.name ?? `clusters[${index}]`}’s ${key}`, path: ['clusters', index, key] }]
    }),
  )
  return ranges.flatMap(({ range, path }, index) =>
    ranges
      .slice(0, index)
      .filter((other) => overlap(range, other.range))
      .map((other) => ({ path, message: `${range} overlaps ${other.name}`, against: other.path })),
  )
}

const uniqueVersions: Rule = ({ clusters }) =>
  repeated(clusters.map(({ version }) => version)).map(({ value, index, first }) => ({
    path: ['clusters', index, 'version'],
    message: `${value} is another cluster’s version too: each has its own, by default v1, v2, … in order`,
    against: ['clusters', first, 'version'],
  }))

const bothVersions: Rule = ({ clusters }) => {
  const versions = clusters.map(({ version }) => version)
  const missing = versions.includes(undefined)
    ? []
    : (['v1', 'v2'] as const).filter((version) => !versions.includes(version))
  return missing.map((version) => ({
    path: ['clusters'],
    message: `lists none with version ${version}: one runs v1, and one v2`,
  }))
}

const oneOrAllPrimaries: Rule = ({ clusters }) => {
  const primaries = countPrimaries(clusters)
  if (primaries === undefined || primaries === 1 || primaries === clusters.length) return []
  return [
    {
      path: ['clusters'],
      message:
        primaries === 0
          ? 'lists no primary: one of them, or every one, runs a control plane'
          : `lists ${primaries} primaries of ${clusters.length}: make it one, or every one`,
    },
  ]
}

const primariesFit: Rule = ({ procedure, clusters }) => {
  const primaries = countPrimaries(clusters)
  if (procedure === undefined || primaries === undefined) return []
  if (requirements[procedure].primaries === 'one') {
    return primaries === clusters.length
      ? [{ path: ['procedure'], message: `${procedure} needs exactly one primary: there are ${primaries}` }]
      : []
  }
  return primaries === 1
    ? [
        {
          path: ['procedure'],
          message: `${procedure} needs every cluster to be a primary: there is one of ${clusters.length}`,
        },
      ]
    : []
}

const networksFit: Rule = ({ procedure, clusters }) => {
  const networks = clusters.map(({ network }) => network)
  if (procedure === undefined || networks.includes(undefined)) return []
  const distinct = [...new Set(networks)]
  const [shared] = repeated(networks)
  const broken = {
    one: distinct.length > 1 && `needs every cluster on one network: there are ${distinct.join(', ')}`,
    several: distinct.length === 1 && `needs two networks or more: every cluster is on ${distinct.join()}`,
    own: shared !== undefined && `needs every cluster on a network of its own: ${shared.value} has more than one`,
  }[requirements[procedure].networks]
  return broken ? [{ path: ['procedure'], message: `${procedure} ${broken}` }] : []
}

const istiodFits: Rule = ({ procedure, clusters }) => {
  const isExternal = procedure === 'external-control-plane'
  const misplaced = clusters.flatMap(({ role, istiodIn }, index) => {
    const path = ['clusters', index, 'istiodIn']
    if (istiodIn === undefined || role === undefined) return []
    if (procedure !== undefined && !isExternal)
      return [
        { path, message: `belongs to procedure external-control-plane: in ${procedure}, istiod runs in the primary` },
      ]
    if (role === 'remote') return [{ path, message: 'is for the primary: a remote cluster has no control plane' }]
    return clusters.some((other) => other.name === istiodIn && other.role === 'remote')
      ? []
      : [{ path, message: `${istiodIn} is no remote cluster of this file` }]
  })
  const isMissing =
    isExternal && countPrimaries(clusters) === 1 && clusters.every(({ istiodIn }) => istiodIn === undefined)
  return isMissing
    ? [
        {
          path: ['procedure'],
          message: 'external-control-plane needs istiodIn in the primary: the remote cluster in which istiod runs',
        },
      ]
    : misplaced
}

/** How many clusters are primaries. Undefined where a role is missing or not valid. */
const countPrimaries = (clusters: Draft['clusters']): number | undefined =>
  clusters.some(({ role }) => role === undefined) ? undefined : clusters.filter(({ role }) => role === 'primary').length

const repeated = (values: (string | undefined)[]): { value: string; index: number; first: number }[] =>
  values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index ? [{ value, index, first: values.indexOf(value) }] : [],
  )
