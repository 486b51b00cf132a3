import {
  answerOf,
  localityOf,
  regionOf,
  sharesOf,
  zoneNames,
  type Cluster,
  type Mesh,
  type Shares,
  type TrafficPolicy,
} from '#suite.ts'

/** Outlier detection is what turns locality failover on. */
export const failover: TrafficPolicy = {
  loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { enabled: true } },
  outlierDetection: { consecutive5xxErrors: 5, interval: '1s', baseEjectionTime: '5s' },
}

/** Percents of requests, by localities as Istio writes them; together 100. */
type Percents = Record<string, number>

/** A traffic policy that gives the clients of every cluster the shares of a rule. */
export const distribute = (mesh: Mesh, ruleFor: (mesh: Mesh, from: Cluster) => Percents): TrafficPolicy => ({
  loadBalancer: {
    simple: 'ROUND_ROBIN',
    localityLbSetting: {
      enabled: true,
      distribute: mesh.clusters.map((from) => ({ from: `${regionOf(from)}/*`, to: ruleFor(mesh, from) })),
    },
  },
})

/**
 * Most for the own zone, little for the own region’s other one, and the rest for one zone of each other cluster.
 * Behind a gateway any zone of that cluster answers.
 */
export const zoneRule = (mesh: Mesh, from: Cluster): Percents => {
  const others = mesh.othersThan(from)
  const each = Math.floor(30 / others.length)
  return {
    [localityOf(from, 'a')]: 90 - each * others.length,
    [localityOf(from, 'b')]: 10,
    ...Object.fromEntries(others.map((to) => [localityOf(to, 'a'), each])),
  }
}

/** The shares of that rule, by what answers: a zone, or a cluster on another network, whose gateway hides its zones. */
export const zoneShares = (mesh: Mesh, from: Cluster): Shares => {
  const rule = zoneRule(mesh, from)
  return sharesOf({
    ...Object.fromEntries(zoneNames.map((zone) => [answerOf(from, zone), rule[localityOf(from, zone)] ?? 0])),
    ...Object.fromEntries(
      mesh
        .othersThan(from)
        .map((to) => [to.network === from.network ? answerOf(to, 'a') : to.version, rule[localityOf(to, 'a')] ?? 0]),
    ),
  })
}

/** A fifth or a little more for the own region, and the rest for the others. */
export const regionRule = (mesh: Mesh, from: Cluster): Percents => {
  const others = mesh.othersThan(from)
  const each = Math.floor(80 / others.length)
  return {
    [`${regionOf(from)}/*`]: 100 - each * others.length,
    ...Object.fromEntries(others.map((to) => [`${regionOf(to)}/*`, each])),
  }
}

/** The shares of that rule, by the versions of the clusters. */
export const regionShares = (mesh: Mesh, from: Cluster): Shares => {
  const rule = regionRule(mesh, from)
  return sharesOf(Object.fromEntries(mesh.clusters.map((to) => [to.version, rule[`${regionOf(to)}/*`] ?? 0])))
}

/** The same share for every cluster, by its version: each has as many pods as any other. */
export const evenShares = (mesh: Mesh): Shares =>
  sharesOf(Object.fromEntries(mesh.clusters.map(({ version }) => [version, 1])))
