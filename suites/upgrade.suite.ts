import {
  allSeen,
  because,
  check,
  expect,
  onSeveralNetworks,
  type Mesh,
  type Cluster,
  type UpgradeStage,
  type Visitor,
} from '#suite.ts'
import { fromEach, versionsIn } from './every-client.ts'

/** The checks of this layer, in the order of the catalogue. */
export const upgrade = [
  check(
    {
      id: 'upgrade.versions',
      layer: 'control',
      title:
        'every control plane, gateway and workload runs the release and the Envoy of this stage, and nothing else does',
      source:
        'Facts of upgrades: istiod, then workloads, then gateways; istio/istio#50459: half-upgraded meshes break ' +
        'in ways of their own',
      from: 'each',
      to: 'own',
      upgrade: true,
    },
    async ({ mesh, from }) => {
      const { stage, from: old } = mesh.upgrade()
      const { controlPlanes, gateways, workloads, kept } = await from.releases()
      const release = ({ istio, envoy }: { istio: string; envoy: string }): string => `${istio} with Envoy ${envoy}`
      const wanted = (expected: { istio: string; envoy: string } | undefined): string[] =>
        expected ? [release(expected)] : []
      expect(distinct(controlPlanes.map(({ istio }) => istio)), because('MP-739')).toEqual(
        distinct((stage.controlPlanes[from.name] ?? []).map(({ istio }) => istio)),
      )
      expect(distinct(workloads.map(release)), because('MP-739')).toEqual(wanted(stage.workloads[from.name]))
      expect(distinct(gateways.map(release)), because('MP-739')).toEqual(wanted(stage.gateways[from.name]))
      // Clients that are never restarted began with a control plane without a revision. While one runs, they keep the
      // old release.
      const servedAsBefore = (stage.controlPlanes[mesh.controlPlaneOf(from).cluster] ?? []).some(
        ({ revision }) => revision === 'default',
      )
      const keptRelease = servedAsBefore ? old : stage.workloads[from.name]?.istio
      expect(
        kept.filter(({ istio }) => istio !== keptRelease),
        because('MP-739'),
      ).toEqual([])
      return (
        `${controlPlanes.length} control planes, ${gateways.length} gateways, ${workloads.length} workloads as ` +
        `they should be, ${kept.length} kept on ${keptRelease ?? ''}`
      )
    },
  ),
  check(
    {
      id: 'upgrade.injection',
      layer: 'control',
      title:
        'every webhook that injects belongs to a control plane of this stage, and gives a new pod that one’s proxy',
      source:
        'istio/istio#34867, #47552, #33317: a remote webhook ignores its revision, or has lost its authority ' +
        'after a rollback',
      from: 'each',
      to: 'own',
      upgrade: true,
    },
    async ({ mesh, from }) => {
      const { stage, proxyImage } = mesh.upgrade()
      const serving = stage.controlPlanes[mesh.controlPlaneOf(from).cluster] ?? []
      const injectors = await from.injectors()
      expect(
        injectors.map(({ revision }) => revision),
        because('MP-736'),
      ).toContain(stage.workloads[from.name]?.revision)
      expect(
        injectors.filter(({ revision }) => serving.every((controlPlane) => controlPlane.revision !== revision)),
        because('MP-736'),
      ).toEqual([])
      for (const { selectedBy, revision } of injectors) {
        const { sidecar, cluster, network, revision: by, image } = await from.injectionBy(selectedBy)
        const injecting = serving.find((controlPlane) => controlPlane.revision === revision)
        expect({ sidecar, cluster, network, by, image }, because('MP-736')).toEqual({
          sidecar: true,
          cluster: from.name,
          network: from.network,
          by: revision,
          image: proxyImage(injecting?.istio ?? ''),
        })
      }
      return injectors
        .map(
          ({ selectedBy, revision }) =>
            `${selectedBy} gives ${serving.find((controlPlane) => controlPlane.revision === revision)?.istio ?? ''}`,
        )
        .join(', ')
    },
  ),
  check(
    {
      id: 'upgrade.synced',
      layer: 'control',
      title: 'for as long as it is watched, no proxy refuses what it is given or stays behind',
      source:
        'istio/istio#51612, pull request 60486: old proxies refuse the new control plane’s configuration, or ' +
        'stay STALE; sixty seconds as the facts ask would be twice a phase, five see several pushes of it',
      from: 'mesh',
      upgrade: true,
    },
    async ({ mesh }) => {
      const perControlPlane = await Promise.all(
        mesh.controlPlanes.map(async (controlPlane) => {
          const looks = await mesh.watch(() => controlPlane.proxies(), 5_000)
          expect(
            looks.flat().filter(({ refused }) => refused.length > 0),
            because('MP-735'),
          ).toEqual([])
          expect(await stayBehind(mesh, controlPlane, looks), because('MP-735')).toEqual([])
          return `${controlPlane.name} ${looks.at(-1)?.length ?? 0} proxies, ${looks.length} looks`
        }),
      )
      return perControlPlane.join(', ')
    },
  ),
  check(
    {
      id: 'upgrade.gateway-replicas',
      layer: 'control',
      title: 'an east-west gateway has as many ready replicas as before the upgrade',
      source: 'Facts of upgrades: installing a gateway again resets its replicas to one',
      from: 'each',
      to: 'own',
      upgrade: true,
      applies: onSeveralNetworks,
    },
    async ({ mesh, from }) => {
      const wanted = mesh.upgrade().stage.gatewayReplicas
      const { length: ready } = await mesh.readUntil(from.gatewayReplicas, ({ length }) => length === wanted)
      expect(ready, because('MP-717')).toBe(wanted)
      return `${ready} ready`
    },
  ),
  check(
    {
      id: 'upgrade.gateway-routes',
      layer: 'control',
      title: 'every replica of an east-west gateway passes on the same server names, helloworld’s among them',
      source: 'istio/istio#56321, #58840: an upgraded gateway beside the old one has no routes',
      from: 'each',
      to: 'own',
      upgrade: true,
      applies: onSeveralNetworks,
    },
    async ({ mesh, from }) => {
      const served = `outbound_.5000_._.${mesh.hostOf('helloworld')}`
      const replicas = await from.gatewayReplicas()
      expect(replicas.length, because('MP-717')).toBeGreaterThan(0)
      expect(
        replicas.filter(({ serverNames }) => !serverNames.includes(served)).map(({ name }) => name),
        because('MP-745'),
      ).toEqual([])
      expect(distinct(replicas.map(({ serverNames }) => serverNames.join())).length, because('MP-745')).toBe(1)
      return `${replicas.length} replicas, ${replicas[0]?.serverNames.length ?? 0} server names each`
    },
  ),
  check(
    {
      id: 'upgrade.new-namespace',
      layer: 'control',
      title: 'a pod in a new namespace gets the mesh’s root and this stage’s proxy, and reaches every version',
      source: 'istio/istio#52988: the root’s config map is missing in new namespaces while an upgrade is under way',
      from: 'each',
      upgrade: true,
      // This check starts a pod in every cluster.
      applies: (_, upgrading) =>
        ['P3', 'P6', 'P8'].includes(upgrading?.stage.phase ?? '') ||
        'it is asked once workloads have moved, and once the old control plane is gone',
    },
    async ({ mesh, from }) => {
      const { stage, proxyImage } = mesh.upgrade()
      const serving = stage.controlPlanes[mesh.controlPlaneOf(from).cluster] ?? []
      const revision = stage.workloads[from.name]?.revision ?? ''
      return from.withVisitor(undefined, async (visitor) => {
        const answers = await expectVisitorServed(mesh, from, visitor)
        expect(await visitor.proxy(), because('MP-736')).toEqual({
          revision,
          image: proxyImage(serving.find((controlPlane) => controlPlane.revision === revision)?.istio ?? ''),
        })
        return answers
      })
    },
  ),
  check(
    {
      id: 'upgrade.old-proxy-restarts',
      layer: 'control',
      title:
        'a pod whose proxy is still of the old release starts under the new control plane, and reaches every version',
      source: 'istio/istio#51612, pull request 60486; facts of upgrades: the control plane may lead the data plane',
      from: 'mesh',
      upgrade: true,
      // This check starts a pod in every cluster.
      applies: (_, upgrading) =>
        (upgrading !== undefined &&
          ['P2', 'P5'].includes(upgrading.stage.phase) &&
          clustersOnNewControlPlane(upgrading).length > 0) ||
        'it is asked once a control plane has moved, where old proxies stay with it',
    },
    async ({ mesh }) => {
      const { from: old, proxyImage } = mesh.upgrade()
      const moved = clustersOnNewControlPlane(mesh.upgrade())
      return fromEach(
        mesh.clusters.filter(({ name }) => moved.includes(name)),
        (cluster) =>
          cluster.withVisitor(old, async (visitor) => {
            const answers = await expectVisitorServed(mesh, cluster, visitor)
            expect((await visitor.proxy()).image, 'the pod must have the old proxy').toBe(proxyImage(old))
            return `${cluster.name} ${answers}`
          }),
      )
    },
  ),
]

/** The clusters whose workloads are served by a new control plane in their own cluster. */
const clustersOnNewControlPlane = ({ stage, from }: UpgradeStage): string[] =>
  Object.entries(stage.controlPlanes)
    .filter(([name, run]) =>
      run.some(({ istio, revision }) => istio !== from && revision === stage.workloads[name]?.revision),
    )
    .map(([name]) => name)

/**
 * Expects that a new pod gets the mesh’s root, becomes ready, and gets answers from every version. Returns a
 * summary.
 */
const expectVisitorServed = async (mesh: Mesh, cluster: Cluster, visitor: Visitor): Promise<string> => {
  // One istiod writes the root. Where that istiod ended without giving up its lease, the election takes up to 30 s.
  expect(await mesh.eventually(() => visitor.hasRoot(), 30_000), because('MP-725')).toBe(true)
  expect(await mesh.eventually(() => visitor.isReady(), 30_000), because('MP-756')).toBe(true)
  const versions = versionsIn(mesh.reachableFrom(cluster))
  const answers = await visitor.sleep.get(mesh.helloworld.url, { until: allSeen(versions) })
  expect(answers.statuses, because('MP-755')).toEqual([200])
  expect(answers.versions, because('MP-755')).toEqual(versions)
  return answers.summary
}

type ControlPlane = Mesh['controlPlanes'][number]
type Proxies = Awaited<ReturnType<ControlPlane['proxies']>>
type Stale = { proxy: string; type: string }

/**
 * What proxies stay behind with. A type that is stale at two looks in a row may be late under many pushes; one that
 * stays behind is not seen in sync any more.
 */
const stayBehind = async (mesh: Mesh, { proxies }: ControlPlane, looks: Proxies[]): Promise<Stale[]> => {
  let late = looks.slice(1).flatMap((look, index) => alsoIn(staleIn(looks[index] ?? []), staleIn(look)))
  if (late.length === 0) return []
  await mesh.readUntil(proxies, (now) => {
    late = alsoIn(late, staleIn(now))
    return late.length === 0
  })
  return late
}

const staleIn = (proxies: Proxies): Stale[] =>
  proxies.flatMap(({ proxy, stale }) => stale.map((type) => ({ proxy, type })))

const alsoIn = (before: Stale[], now: Stale[]): Stale[] =>
  now.filter(({ proxy, type }) => before.some((was) => was.proxy === proxy && was.type === type))

const distinct = (words: string[]): string[] => [...new Set(words)].sort()
