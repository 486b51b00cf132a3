import { createPrivateKey, type X509Certificate } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'
import { primariesOf } from '#topology/roles.ts'
import { certificatesIn, trustOf, type ProxyTrust } from '#probes/envoy.ts'
import type { SurveyedCluster } from '#survey/survey.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'

type Cacerts = {
  intermediate: X509Certificate | undefined
  chain: X509Certificate[]
  roots: X509Certificate[]
  ownsKey: boolean
}
type Trust = {
  cluster: SurveyedCluster
  cacerts: Cacerts | undefined
  handedOut: X509Certificate[]
  proxies: { name: string; trust: ProxyTrust }[]
}

/**
 * Every cluster’s certificates lead to one root: those in cacerts, those handed out to namespaces, and those of live
 * proxies (istio/istio#32501, istio/istio#61719). Several roots at once are fine, as during a rotation, if the clusters
 * share one.
 */
export const trust: Layer = {
  name: 'trust',
  look: async (mesh) => {
    const all = await Promise.all(mesh.clusters.map(trustIn))
    const broken = all.flatMap(brokenCacerts)
    if (broken.length > 0) return { findings: broken, seen: '' }
    const apart = rootsApart(all)
    if (apart.length > 0) return { findings: apart, seen: '' }
    const primaries = primariesOf(mesh)
    const without = all.filter(({ cluster, cacerts }) => primaries.includes(cluster) && cacerts === undefined)
    const missing =
      without.length === primaries.length
        ? []
        : without.map(({ cluster }): Finding => ({
            code: 'MP-842',
            where: cluster.name,
            evidence: [
              `${all
                .filter(({ cacerts }) => cacerts)
                .map((other) => other.cluster.name)
                .join(', ')} has the secret cacerts, ${cluster.name} has none`,
            ],
            fix: kubectl(
              cluster,
              `-n ${cluster.istioNamespace} create secret generic cacerts --from-file=ca-cert.pem ` +
                '--from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem',
            ),
          }))
    const stale = all.flatMap((one) =>
      signedByAnother(
        one,
        all.find(({ cluster }) => cluster === servedBy(mesh, one.cluster)),
      ),
    )
    const roots = [...new Set(all.flatMap(rootsOf).map(short))]
    return {
      findings: [...missing, ...stale],
      seen: `${all.reduce((sum, { proxies }) => sum + proxies.length, 0)} proxies asked, root ${roots.join(', ')}`,
    }
  },
}

const trustIn = async (cluster: SurveyedCluster): Promise<Trust> => {
  const [secrets, map, proxies] = await Promise.all([
    cluster.reads.secrets(),
    cluster.reads.configMap('istio-ca-root-cert'),
    cluster.reads.proxies(),
  ])
  const data = secrets.find(({ metadata }) => metadata?.name === 'cacerts')?.data
  return {
    cluster,
    cacerts: data && cacertsOf(data),
    handedOut: certificatesIn(map?.data?.['root-cert.pem'] ?? ''),
    proxies: await Promise.all(
      sampleOf(proxies).map(async (pod) => {
        const [namespace, name] = [pod.metadata?.namespace ?? '', pod.metadata?.name ?? '']
        return { name: `${namespace}/${name}`, trust: await trustOf({ kube: cluster.kube, namespace, pod: name }) }
      }),
    ),
  }
}

/** A few proxies tell for all: the oldest, which a rotation may have left behind, and the youngest. */
const sampleOf = (proxies: V1Pod[]): V1Pod[] => {
  const sorted = proxies
    .filter(isReady)
    .sort((a, b) => Number(a.metadata?.creationTimestamp ?? 0) - Number(b.metadata?.creationTimestamp ?? 0))
  return [...new Set([...sorted.slice(0, 2), ...sorted.slice(-1)])]
}

const cacertsOf = (data: Record<string, string>): Cacerts => {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
  const [intermediate] = certificatesIn(text('ca-cert.pem'))
  const ownsKey = ((): boolean => {
    try {
      return intermediate?.checkPrivateKey(createPrivateKey(text('ca-key.pem'))) ?? false
    } catch {
      return false
    }
  })()
  return {
    intermediate,
    chain: certificatesIn(text('cert-chain.pem')),
    roots: certificatesIn(text('root-cert.pem')),
    ownsKey,
  }
}

const brokenCacerts = ({ cluster, cacerts }: Trust): Finding[] => {
  if (!cacerts) return []
  const { intermediate, chain, roots, ownsKey } = cacerts
  const fix = kubectl(
    cluster,
    `-n ${cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.ca-cert\\.pem}" | base64 -d | ` +
      'openssl x509 -noout -subject -issuer -dates',
  )
  const expired = [intermediate, ...roots].flatMap((certificate) =>
    certificate && new Date(certificate.validTo) < new Date()
      ? [`${named(certificate)} expired on ${certificate.validTo}`]
      : [],
  )
  if (expired.length > 0) return [{ code: 'MP-845', where: cluster.name, evidence: expired, fix }]
  const wrong = [
    ...(intermediate === undefined ? ['ca-cert.pem holds no certificate'] : []),
    ...(roots.length === 0 ? ['root-cert.pem holds no certificate'] : []),
    ...(intermediate && roots.length > 0 && !roots.some((root) => intermediate.verify(root.publicKey))
      ? [`root-cert.pem (${roots.map(named).join(', ')}) does not verify ca-cert.pem (${named(intermediate)})`]
      : []),
    ...(intermediate && chain.length > 0 && chain[0]?.fingerprint256 !== intermediate.fingerprint256
      ? ['cert-chain.pem does not begin with ca-cert.pem']
      : []),
    ...(intermediate && !ownsKey ? ['ca-key.pem is not the key of ca-cert.pem'] : []),
  ]
  return wrong.length === 0 ? [] : [{ code: 'MP-844', where: cluster.name, evidence: wrong, fix }]
}

const rootsOf = ({ cacerts, handedOut }: Trust): X509Certificate[] => cacerts?.roots ?? handedOut

const rootsApart = (all: Trust[]): Finding[] => {
  const bundles = all
    .flatMap((one) => [
      {
        where: `${one.cluster.name} ${one.cacerts ? 'cacerts' : 'istio-ca-root-cert'}`,
        roots: rootsOf(one),
        cluster: one.cluster,
      },
      ...one.proxies
        .filter(({ trust: { roots } }) => roots.length > 0)
        .map(({ name, trust: { roots } }) => ({ where: `${one.cluster.name} ${name}`, roots, cluster: one.cluster })),
    ])
    .filter(({ roots }) => roots.length > 0)
  const [first] = bundles
  const shared =
    first?.roots.filter((root) =>
      bundles.every(({ roots }) => roots.some(({ fingerprint256 }) => fingerprint256 === root.fingerprint256)),
    ) ?? []
  const odd = bundles.find(
    ({ roots }) =>
      !roots.some((root) => first?.roots.some(({ fingerprint256 }) => fingerprint256 === root.fingerprint256)),
  )
  if (!first || shared.length > 0) return []
  return [
    {
      code: 'MP-841',
      where: [...new Set(bundles.map(({ cluster }) => cluster.name))].join(', '),
      evidence: bundles.map(
        ({ where, roots }) => `${where}: ${roots.map((root) => `${named(root)} ${short(root)}`).join(', ')}`,
      ),
      fix: kubectl(
        odd?.cluster ?? first.cluster,
        `-n ${first.cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.root-cert\\.pem}" | base64 -d | ` +
          'openssl x509 -noout -fingerprint -sha256',
      ),
    },
  ]
}

const signedByAnother = ({ cluster, proxies }: Trust, serving: Trust | undefined): Finding[] => {
  const intermediate = serving?.cacerts?.intermediate
  if (!serving || !intermediate) return []
  const strangers = proxies.filter(
    ({
      trust: {
        chain: [leaf],
      },
    }) => leaf && !leaf.verify(intermediate.publicKey),
  )
  return strangers.length === 0
    ? []
    : [
        {
          code: 'MP-843',
          where: cluster.name,
          evidence: strangers.map(
            ({
              name,
              trust: {
                chain: [, issuer],
              },
            }) =>
              `${name} was signed by ${issuer ? `${named(issuer)} ${short(issuer)}` : 'somebody else'}; cacerts ` +
              `of ${serving.cluster.name} hold ${named(intermediate)} ${short(intermediate)}`,
          ),
          fix: kubectl(
            serving.cluster,
            `-n ${serving.cluster.istioNamespace} rollout restart deployment/istiod   # then the workloads`,
          ),
        },
      ]
}

const named = ({ subject }: X509Certificate): string => (subject ?? '').replaceAll('\n', ', ')
const short = ({ fingerprint256 }: X509Certificate): string => `${fingerprint256.slice(0, 11)}…`
