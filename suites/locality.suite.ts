import { because, check, expect, whereRequestsCross, type CheckHead } from '#suite.ts'
import {
  asksForShares,
  everyClientGets,
  failsOver,
  ofEveryCluster,
  sharesUnder,
  verdictOf,
  weightsFrom,
} from './ask-zones.ts'
import { fromEach } from './every-client.ts'
import { distribute, evenShares, failover, regionRule, regionShares, zoneRule } from './zone-rules.ts'

/** What these checks have in common. */
const zoned = {
  layer: 'locality',
  from: 'mesh',
  alone: 'in the mesh',
  needs: ['zones'],
  onDemand: 'it deploys pods in zones of their own, which other runs do not',
  applies: (topology, upgrade) =>
    upgrade === undefined ? whereRequestsCross(topology) : 'an upgrade deploys no pods in zones of their own',
} as const satisfies Partial<CheckHead>

/** The checks of regions and zones. Each deploys a service with pods in two zones of every cluster. */
export const locality = [
  check(
    {
      ...zoned,
      id: 'locality.failover',
      title:
        'with locality failover, requests stay in the client’s zone; without pods there its region’s other zone ' +
        'answers, and without any there the other clusters do',
      source: 'Istio’s locality failover, which needs outlierDetection; Istio’s TestLocality, for one cluster',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        // The control: without the rule every cluster answers.
        await everyClientGets(mesh, zones, (from) => ofEveryCluster(mesh, from))
        return zones.withRule(failover, async () => {
          const reports = []
          for (const down of mesh.clusters) reports.push(await failsOver(mesh, zones, down))
          return reports.join('; ')
        })
      }),
  ),
  check(
    {
      ...zoned,
      id: 'locality.distribute',
      title: 'with shares for the zones of the own region and for the other clusters, each answers its share',
      source: 'Istio’s locality weighted distribution; Istio’s TestLocality, for one cluster',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        const everyClient = (withRule: boolean): Promise<string> =>
          fromEach(mesh.clusters, (from) => asksForShares(mesh, zones, from, withRule))
        // The control: without the rule the shares are others.
        await everyClient(false)
        return zones.withRule(distribute(mesh, zoneRule), () => everyClient(true))
      }),
  ),
  check(
    {
      ...zoned,
      id: 'locality.weights',
      title: 'every zone of a cluster counts in its share of requests, without a rule and with shares for regions',
      source: 'Istio’s load balancing: without a rule, an endpoint weighs as much as any other; istio/istio#56355',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        const weights = await Promise.all(mesh.clusters.map((from) => weightsFrom(mesh, zones, from)))
        const shared = [
          ...(await sharesUnder('no rule', mesh, zones, weights, () => evenShares(mesh))),
          ...(await zones.withRule(distribute(mesh, regionRule), () =>
            sharesUnder('shares for regions', mesh, zones, weights, (from) => regionShares(mesh, from)),
          )),
        ]
        const verdict = verdictOf(weights, shared)
        zones.counted(verdict, { weights, shared })
        // The release decides whether it is a known issue.
        if (verdict !== 'every zone')
          await Promise.all(mesh.clusters.filter(({ hostsIstiod }) => hostsIstiod).map((home) => home.releases()))
        const words = shared.map(({ from, rule, summary }) => `${from}, ${rule}: ${summary}`).join('; ')
        expect(verdict, `${because('MP-787')}: ${words}`).toBe('every zone')
        return words
      }),
  ),
]
