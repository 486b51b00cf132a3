import { because, check, expect, proxyOf, revisionOfPod, type Mesh } from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const control = [
  check(
    {
      id: 'control.ready',
      layer: 'control',
      title: 'istiod is ready and has not restarted, and runs in no remote cluster',
      source: 'seed 000: one control plane, in one cluster, serves all of them',
      from: 'mesh',
    },
    async ({ mesh }) => {
      const perCluster = await Promise.all(
        mesh.clusters.map(async (cluster) => {
          const pods = await cluster.istiod()
          if (!cluster.hostsIstiod) expect(pods, because('MP-737')).toEqual([])
          else
            expect(pods.filter(({ ready, restarts }) => ready && restarts === 0).length, because('MP-731')).toBe(
              Math.max(1, pods.length),
            )
          return `${cluster.name} ${pods.length}`
        }),
      )
      return `ready istiods: ${perCluster.join(', ')}`
    },
  ),
  check(
    {
      id: 'control.remotes-synced',
      layer: 'control',
      title: 'every control plane watches every cluster and knows its endpoints as they are now',
      source:
        'seed 000: the control plane knows the services of local and remote clusters; istio/istio#38440: its ' +
        '“synced” is never taken back',
      from: 'mesh',
      needs: ['istiod'],
    },
    async ({ mesh }) => {
      for (const controlPlane of mesh.controlPlanes) {
        if (mesh.leftOut('remote secrets') === undefined)
          await Promise.all(
            controlPlane.watches.map(async (name) => {
              const access = await controlPlane.remoteAccess(name)
              expect(access, because('MP-732')).toBeDefined()
              expect(access?.withToken, because('MP-733')).toBe(200)
              expect([401, 403], 'without its token the server must refuse').toContain(access?.withoutToken)
            }),
          )

        const watched = await mesh.readUntil(
          controlPlane.watched,
          (clusters) => mesh.clusters.every(({ name }) => clusters.some(isSynced(name))),
          5_000,
        )
        for (const { name } of mesh.clusters)
          expect(watched, because('MP-732')).toContainEqual(expect.objectContaining({ id: name, syncStatus: 'synced' }))

        const { wanted, held } = await mesh.readUntil(
          async () => ({ wanted: await inApiServers(mesh), held: sorted(await controlPlane.endpoints('helloworld')) }),
          (read) => JSON.stringify(read.held) === JSON.stringify(read.wanted),
          5_000,
        )
        expect(held, because('MP-734')).toEqual(wanted)
      }
      return (
        `${mesh.controlPlanes.map(({ name, watches }) => `${name} watches ${watches.join(', ')}`).join('; ')}; ` +
        'endpoints equal the API’s'
      )
    },
  ),
  check(
    {
      id: 'control.proxies-synced',
      layer: 'control',
      title: 'every proxy of every cluster is in sync and has refused nothing',
      source: 'seed 000: the one control plane configures the sidecars of all clusters; istio/istio#51612',
      from: 'mesh',
      needs: ['istiod'],
    },
    async ({ mesh }) => {
      const perControlPlane = await Promise.all(
        mesh.controlPlanes.map(async (controlPlane) => {
          const wanted = await proxiesServedBy(controlPlane, mesh)
          // Proxies reconnect to a replaced istiod within half a minute, most of them within seconds.
          const states = await mesh.readUntil(
            controlPlane.proxies,
            (proxies) => proxies.length === wanted.length && proxies.every(({ stale }) => stale.length === 0),
            20_000,
          )
          expect(states.map(({ proxy }) => proxy).sort(), because('MP-735')).toEqual(wanted)
          expect(
            states.filter(({ stale, refused }) => stale.length > 0 || refused.length > 0),
            because('MP-735'),
          ).toEqual([])
          return `${controlPlane.name} ${states.length} of ${wanted.length} in sync`
        }),
      )
      return `${perControlPlane.join(', ')}, 0 refusals`
    },
  ),
  check(
    {
      id: 'control.injection',
      layer: 'control',
      title: 'a new pod gets a sidecar with the right cluster, network and control plane',
      source: 'seed 000: every cluster injects sidecars; istio/istio#42327',
      from: 'each',
      to: 'own',
    },
    async ({ mesh, from }) => {
      if (!from.hostsIstiod && mesh.leftOut('discovery addresses') === undefined) {
        const [configured, valid] = await Promise.all([from.discoveryAddresses(), mesh.discoveryAddresses()])
        expect(configured.length, because('MP-738')).toBeGreaterThan(0)
        expect(valid, because('MP-738')).toEqual(expect.arrayContaining(configured))
      }
      const { sidecar, cluster, network, discovery } = await from.injection()
      expect({ sidecar, cluster, network, discovery }, because('MP-736')).toEqual({
        sidecar: true,
        cluster: from.name,
        network: from.network,
        discovery: from.discovery,
      })
      expect(
        (await from.injection({ 'sidecar.istio.io/inject': 'false' })).sidecar,
        'a pod that opts out must get none',
      ).toBe(false)
      return `sidecar for ${from.name}, ${from.network}`
    },
  ),
]

/**
 * The pods with a proxy that a control plane should serve, as istiod names them, sorted: those of its revision, where
 * it has one. Expects that every proxy of its clusters has the revision of a control plane.
 */
const proxiesServedBy = async (controlPlane: Mesh['controlPlanes'][number], mesh: Mesh): Promise<string[]> => {
  const served = mesh.clusters.filter(({ name }) => controlPlane.serves.includes(name))
  const pods = (await Promise.all(served.map((cluster) => cluster.pods()))).flat()
  const withProxy = pods.filter((pod) => !pod.metadata?.deletionTimestamp && proxyOf(pod))
  const revisions: (string | undefined)[] = mesh.controlPlanes
    .filter(({ cluster }) => cluster === controlPlane.cluster)
    .map(({ revision }) => revision)
  const orphans = withProxy.filter(
    (pod) => controlPlane.revision !== undefined && !revisions.includes(revisionOfPod(pod)),
  )
  expect(
    orphans.map(({ metadata }) => metadata?.name),
    because('MP-730'),
  ).toEqual([])
  const own = withProxy.filter(
    (pod) => controlPlane.revision === undefined || revisionOfPod(pod) === controlPlane.revision,
  )
  expect(pods.length, 'pods without a proxy must exist, or the comparison shows nothing').toBeGreaterThan(own.length)
  return own.map(({ metadata }) => `${metadata?.name ?? ''}.${metadata?.namespace ?? ''}`).sort()
}

const isSynced =
  (name: string) =>
  ({ id, syncStatus }: { id: string; syncStatus: string }): boolean =>
    id === name && syncStatus === 'synced'

/** The endpoints of helloworld that the API servers know. */
const inApiServers = async (mesh: Mesh): Promise<[string, string[]][]> => {
  const perCluster = mesh.clusters.map(
    async (cluster) => [cluster.name, await cluster.apiEndpoints('helloworld')] as const,
  )
  return sorted(Object.fromEntries(await Promise.all(perCluster)))
}

// The API server’s side lists a cluster without endpoints. istiod’s side may leave it out.
const sorted = (endpoints: Record<string, string[]>): [string, string[]][] =>
  Object.entries(endpoints)
    .filter(([, addresses]) => addresses.length > 0)
    .sort(([a], [b]) => a.localeCompare(b))
