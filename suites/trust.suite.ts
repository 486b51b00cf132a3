import { because, check, expect, withMutualTls, type Cluster } from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const trust = [
  check(
    {
      id: 'trust.common-root',
      layer: 'trust',
      title: 'every proxy trusts the root of every cluster’s cacerts (with mutual TLS off, proxies need none)',
      source: 'seed 000: mutual TLS across clusters rests on one shared root CA; istio/istio#32501',
      from: 'mesh',
    },
    async ({ mesh }) => {
      // Without cacerts another kind of certificate authority signs. Its root may sign workloads directly.
      const withCacerts = mesh.leftOut('cacerts') === undefined
      const authorities = withCacerts ? await Promise.all(mesh.clusters.map(cacertsOf)) : []
      const perCluster = await Promise.all(mesh.clusters.map((cluster) => cluster.proxyTrust()))
      const proxies = perCluster.flatMap((trusts) => Object.values(trusts))
      const bundles = proxies.map(({ roots }) => roots).filter((roots) => roots.length > 0)

      // In a mesh with one root this is the same root everywhere. Clusters that exchange roots trust each other’s.
      const signing = withCacerts ? authorities.map(({ roots }) => roots) : bundles
      const trusting = bundles.length > 0 ? bundles : signing
      for (const roots of signing) {
        const known = trusting.every((trusted) => roots.some((root) => isIn(trusted, root)))
        expect(known, because('MP-721')).toBe(true)
      }

      // A leaf is signed by an intermediate, so the root alone must not verify it. Some meshes sign by the root itself.
      const byRoot = authorities.some(({ intermediate, roots }) => isIn(roots, intermediate))
      for (const { chain, roots } of mesh.mtls === 'off' ? [] : proxies) {
        expect(chain.length, because('MP-722')).toBeGreaterThan(withCacerts && !byRoot ? 1 : 0)
        const [leaf, ...issuers] = chain
        const isLinked = issuers.every((issuer, index) => chain[index]?.verify(issuer.publicKey))
        const isRooted = roots.some((root) => chain.at(-1)?.verify(root.publicKey))
        expect(isLinked && isRooted, because('MP-722')).toBe(true)
        if (withCacerts && !byRoot) {
          const shortcut = roots.some((root) => leaf?.verify(root.publicKey))
          expect(shortcut, 'the root alone must not verify a leaf').toBe(false)
        }
      }
      const names = [...new Set(signing.flat().map(({ fingerprint256 }) => `${fingerprint256.slice(0, 11)}…`))]
      const places = `${authorities.length + bundles.length} places`
      return names.length > 1
        ? `${places}, ${names.length} roots that all trust: ${names.join(', ')}`
        : `${places}, one root ${names.join('')}`
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
      const [serving, ...rest] = await Promise.all(
        [...mesh.clusters].sort((cluster) => (cluster.name === controlPlane ? -1 : 0)).map(cacertsOf),
      )
      if (!serving) throw new Error(because('MP-724'))
      // Where clusters share one authority, there is no other to tell it from.
      const others = rest.filter(({ intermediate }) => !isIn([serving.intermediate], intermediate))
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

type Certificate = Awaited<ReturnType<Cluster['proxyTrust']>>[string]['roots'][number]

const isIn = (certificates: readonly Certificate[], { fingerprint256 }: Certificate): boolean =>
  certificates.some((certificate) => certificate.fingerprint256 === fingerprint256)

const cacertsOf = async (cluster: Cluster): Promise<NonNullable<Awaited<ReturnType<Cluster['cacerts']>>>> => {
  const cacerts = await cluster.cacerts()
  expect(cacerts, because('MP-724')).toBeDefined()
  if (!cacerts) throw new Error(because('MP-724'))
  return cacerts
}
