import { because, check, expect, withMutualTls, type Cluster } from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const trust = [
  check(
    {
      id: 'trust.common-root',
      layer: 'trust',
      title: 'cacerts and live proxies of every cluster hold the same root (with mutual TLS off, proxies need none)',
      source: 'seed 000: mutual TLS across clusters rests on one shared root CA; istio/istio#32501',
      from: 'mesh',
    },
    async ({ mesh }) => {
      // Without cacerts another kind of certificate authority signs. Its root may sign workloads directly.
      const withCacerts = mesh.leftOut('cacerts') === undefined
      const perCluster = await Promise.all(
        mesh.clusters.map(async (cluster) => ({
          cacerts: withCacerts ? [(await cacertsOf(cluster)).root] : [],
          proxies: await cluster.proxyTrust(),
        })),
      )

      const roots = perCluster.flatMap(({ cacerts, proxies }) => [
        ...cacerts,
        ...Object.values(proxies).flatMap((proxy) => proxy.roots),
      ])
      expect(new Set(roots.map(({ fingerprint256 }) => fingerprint256)).size, because('MP-721')).toBe(
        Math.min(1, roots.length),
      )

      const [root] = roots
      for (const { chain } of mesh.mtls === 'off' ? [] : perCluster.flatMap(({ proxies }) => Object.values(proxies))) {
        expect(chain.length, because('MP-722')).toBeGreaterThan(withCacerts ? 1 : 0)
        const issuers = [...chain.slice(1), ...(root ? [root] : [])]
        const verified = chain.every(
          (certificate, index) => issuers[index] !== undefined && certificate.verify(issuers[index].publicKey),
        )
        expect(verified, because('MP-722')).toBe(true)
        if (withCacerts)
          expect(
            root && chain[0]?.verify(root.publicKey),
            'a leaf is signed by an intermediate: the root alone must not verify it',
          ).toBe(false)
      }
      return `${roots.length} places, one root ${root?.fingerprint256.slice(0, 11) ?? ''}…`
    },
  ),
  check(
    {
      id: 'trust.intermediates',
      layer: 'trust',
      title: 'workloads are signed by the intermediate of the control plane that serves them',
      source:
        'seed 000: each cluster has an intermediate CA of the shared root; the control plane that serves a ' +
        'cluster signs for it',
      from: 'each',
      to: 'own',
      applies: withMutualTls,
      needs: ['cacerts'],
    },
    async ({ mesh, from }) => {
      const controlPlane = mesh.controlPlaneOf(from).cluster
      const proxies = await from.proxyTrust()
      const [serving, ...others] = await Promise.all(
        [...mesh.clusters].sort((cluster) => (cluster.name === controlPlane ? -1 : 0)).map(cacertsOf),
      )
      if (!serving) throw new Error(because('MP-724'))
      for (const {
        chain: [leaf],
      } of Object.values(proxies)) {
        expect(leaf?.verify(serving.intermediate.publicKey), because('MP-723')).toBe(true)
        for (const other of others) {
          const verified = leaf?.verify(other.intermediate.publicKey)
          expect(verified, 'another cluster’s intermediate must not verify it').toBe(false)
        }
      }
      return `${Object.keys(proxies).length} workloads by ${serving.intermediate.subject.split('\n').at(-1) ?? ''}`
    },
  ),
]

const cacertsOf = async (cluster: Cluster): Promise<NonNullable<Awaited<ReturnType<Cluster['cacerts']>>>> => {
  const cacerts = await cluster.cacerts()
  expect(cacerts, because('MP-724')).toBeDefined()
  if (!cacerts) throw new Error(because('MP-724'))
  return cacerts
}
