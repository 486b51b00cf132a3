import {
  allSeen,
  because,
  check,
  expect,
  only,
  placeOf,
  where,
  withMutualTls,
  withOneControlPlane,
  type Mesh,
  type Cluster,
} from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const discovery = [
  check(
    {
      id: 'discovery.endpoints',
      layer: 'discovery',
      title: 'a client’s proxy knows the pods of its own network and the gateways of the others, and nothing else',
      source: 'seed 000: split-horizon EDS, endpoints depend on where a request comes from; istio/istio#28381',
      from: 'each',
    },
    async ({ mesh, from }) => {
      const { wanted, endpoints } = await mesh.readUntil(
        async () => ({
          wanted: await expectedEndpoints(mesh, from),
          endpoints: await from.endpoints(mesh.helloworld.cluster),
        }),
        (read) => read.endpoints.join() === read.wanted.join(),
      )
      const held = endpoints.filter((endpoint) => endpoint.startsWith(mesh.placeholder))
      if (held.length > 0) {
        // It stands in meshNetworks, or the control plane has not passed on what stands there by now.
        const configured = Object.values(await mesh.gateways().catch(() => ({})))
        const isPatched = configured.length > 0 && !configured.includes(mesh.placeholder)
        expect(held, because(isPatched ? 'MP-744' : 'MP-742')).toEqual([])
      }
      expect(endpoints, because('MP-741')).toEqual(wanted)
      expect(
        await from.endpoints(`outbound|5000||${mesh.hostOf('nowhere')}`),
        'a service that does not exist must have none',
      ).toEqual([])
      return endpoints.join(', ')
    },
  ),
  check(
    {
      id: 'discovery.dns-stub',
      layer: 'discovery',
      title: 'a service’s name resolves where the service exists, and only there',
      source: 'seed 003: a name resolves across clusters when namespace and service exist in both; istio/istio#31760',
      from: 'each',
      applies: withOneControlPlane,
    },
    async ({ mesh, from }) => {
      // curl exits with 6 when a name does not resolve.
      const resolves = async (name: string): Promise<boolean> =>
        (await from.outside.connect(`${name}.${mesh.namespace}:5000`)).exit !== 6
      expect(await resolves('helloworld'), because('MP-743')).toBe(true)
      expect(await resolves(`only-with-${from.version}`), because('MP-743')).toBe(true)
      for (const { version } of mesh.othersThan(from))
        expect(await resolves(`only-with-${version}`), 'without a stub the name must not resolve').toBe(false)
      return 'helloworld resolves, a service without a stub does not'
    },
  ),
  check(
    {
      id: 'discovery.placeholder',
      layer: 'discovery',
      title: 'with the placeholder a client has local answers only, with the gateway’s address both',
      source: 'seed 000: 0.0.0.0 stands for the gateway’s address until the gateway has one',
      from: 'mesh',
      alone: 'in the mesh',
      applies: where(only('gateway'), withMutualTls),
      needs: ['meshNetworks'],
    },
    async ({ mesh }) => {
      const configured = await mesh.gateways()
      for (const { network, entrances } of mesh.clusters)
        expect([configured[network]], because('MP-742')).toEqual((await entrances()).map(({ address }) => address))

      await withRestore(
        () => mesh.setGateways(configured),
        async () => {
          await mesh.setGateways(
            Object.fromEntries(Object.keys(configured).map((network) => [network, mesh.placeholder])),
          )
          await Promise.all(
            mesh.clusters.map(async (from) => {
              const holdsPlaceholder = await mesh.eventually(async () =>
                (await from.endpoints(mesh.helloworld.cluster)).includes(`${mesh.placeholder}:15443`),
              )
              expect(holdsPlaceholder, because('MP-744')).toBe(true)
              // A request to the placeholder fails at once, so only the own cluster answers.
              const answers = await from.sleep.getNow(mesh.helloworld.url, { count: 12, seconds: 2 })
              expect(answers.versions, 'only the own cluster may answer').toEqual([from.version])
            }),
          )
        },
      )
      await Promise.all(
        mesh.clusters.map(async (from) => {
          const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
          expect(answers.versions, because('MP-744')).toEqual(mesh.versions)
        }),
      )
      return `${mesh.placeholder}: own version only; ${Object.values(configured).join(', ')}: both`
    },
  ),
]

const expectedEndpoints = async (mesh: Mesh, from: Cluster): Promise<string[]> => {
  const perCluster = await Promise.all(
    mesh
      .reachableFrom(from)
      .map(async (peer) =>
        peer.network === from.network
          ? (await peer.apiEndpoints('helloworld')).map((address) => `${address}:5000`)
          : (await peer.entrances()).map(placeOf),
      ),
  )
  return [...new Set(perCluster.flat())].sort()
}

const withRestore = async (restore: () => Promise<void>, during: () => Promise<void>): Promise<void> => {
  try {
    await during()
  } finally {
    await restore()
  }
}
