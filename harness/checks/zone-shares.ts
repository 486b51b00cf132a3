import type { WeightedEndpoint } from '#probes/envoy.ts'
import { plausible } from '#probes/sample.ts'

/** Shares of requests, by what answers; together 1. */
export type Shares = Record<string, number>

/** A region as a client’s proxy should know it: how many pods it has, and how many of them are in its first zone. */
export type Region = { region: string; pods: number; firstZone: string; podsOfFirstZone: number; otherNetwork: boolean }

/** Which zones of a region count in what a proxy knows of it. */
export type Counted = 'every zone' | 'the first zone alone' | 'something else'

/**
 * Which zones of a region count in its weight. The weight of a pod is `unit`. `the first zone alone` is the mark of
 * istio/istio#56355: a region on another network whose endpoints, its gateways, are all in its first zone, and weigh as
 * much as the pods of that zone.
 */
export const countedIn = (
  { region, pods, firstZone, podsOfFirstZone, otherNetwork }: Region,
  endpoints: readonly WeightedEndpoint[],
  unit: number,
): Counted => {
  const ofRegion = endpoints.filter((endpoint) => endpoint.region === region)
  const weight = ofRegion.reduce((total, endpoint) => total + endpoint.weight, 0)
  if (weight === pods * unit) return 'every zone'
  const inFirstZone = ofRegion.every(({ zone }) => zone === firstZone)
  return otherNetwork && inFirstZone && weight === podsOfFirstZone * unit ? 'the first zone alone' : 'something else'
}

/** Weights as shares. */
export const sharesOf = (weights: Readonly<Record<string, number>>): Shares => {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight / total]))
}

/** True where the number of answers of each is no surprise for its share, and all of the answers are of these. */
export const haveShares = (counts: Readonly<Record<string, number>>, shares: Shares, requests: number): boolean =>
  Object.keys(counts).every((name) => name in shares) &&
  Object.entries(shares).every(([name, share]) =>
    share >= 1 ? counts[name] === requests : plausible(counts[name] ?? 0, requests, share),
  )
