import { createPrivateKey, type X509Certificate } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '#errors.ts'
import { isReady } from '#kube/pods.ts'
import { primariesOf } from '#topology/roles.ts'
import { certificatesIn, trustOf, type ProxyTrust } from '#probes/envoy.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'

type Cacerts = {
  intermediate: X509Certificate | undefined
  chain: X509Certificate[]
  roots: X509Certificate[]
  ownsKey: boolean
}
/** What a cluster’s certificates are: of its authority, as handed out to namespaces, and of a few live proxies. */
export type Trust = {
  cluster: SurveyedCluster
  cacerts: Cacerts | undefined
  handedOut: X509Certificate[]
  proxies: { name: string; trust: ProxyTrust }[]
  /** Proxies that did not answer, with what was said instead. */
  unread: string[]
}

/**
 * Every cluster’s certificates lead to one root: those in cacerts, those handed out to namespaces, and those of live
 * proxies (istio/istio#32501, istio/istio#61719). Several roots at once are fine, as during a rotation, if the clusters
 * share one.
 */
export const trust: Layer = {
  name: 'trust',
  look: async (mesh) => {
    const trusts = await Promise.all(mesh.clusters.map(trustIn))
    const broken = trusts.flatMap(brokenCacerts)
    if (broken.length > 0) return { findings: broken, seen: '' }
    const apart = rootsApart(trusts)
    const notes = trusts.flatMap(({ unread }) => unread.map((line) => `certificates were not read of ${line}`))
    if (apart.length > 0) return { findings: apart, seen: '', notes }
    const primaries = primariesOf(mesh).map(hostOf)
    const without = trusts.filter(({ cluster, cacerts }) => primaries.includes(cluster) && cacerts === undefined)
    const missing =
      without.length === primaries.length
        ? []
        : without.map(({ cluster }): Finding => ({
            code: 'MP-842',
            where: cluster.name,
            evidence: [
              `${trusts
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
    const stale = trusts.flatMap((candidate) =>
      signedByAnother(
        candidate,
        trusts.find(({ cluster }) => cluster === signingFor(mesh, candidate.cluster)),
      ),
    )
    const roots = [...new Set(trusts.flatMap(rootsOf).map(short))]
    return {
      findings: [...missing, ...stale, ...trusts.flatMap(endingSoon)],
      seen: `${trusts.reduce((sum, { proxies }) => sum + proxies.length, 0)} proxies asked, root ${roots.join(', ')}`,
      notes,
    }
  },
}

/** The cluster whose cacerts sign for a cluster’s workloads: the one in which its istiod runs. */
const signingFor = (mesh: Survey, cluster: SurveyedCluster): SurveyedCluster | undefined => {
  const primary = servedBy(mesh, cluster)
  return primary && hostOf(primary)
}

/** Reads the certificates of a cluster. @throws MeshproofError when its secrets, ConfigMap or pods cannot be read. */
export const trustIn = async (cluster: SurveyedCluster): Promise<Trust> => {
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
    ...(await sampled(cluster, sampleOf(proxies))),
  }
}

/** What a sample of proxies trusts. A proxy that does not answer is listed as unread; the others are judged. */
const sampled = async (cluster: SurveyedCluster, pods: V1Pod[]): Promise<Pick<Trust, 'proxies' | 'unread'>> => {
  const proxies: Trust['proxies'] = []
  const unread: string[] = []
  await Promise.all(
    pods.map(async ({ metadata }) => {
      const [namespace, name] = [metadata?.namespace ?? '', metadata?.name ?? '']
      try {
        proxies.push({
          name: `${namespace}/${name}`,
          trust: await trustOf({ kube: cluster.kube, namespace, pod: name }),
        })
      } catch (error) {
        if (!(error instanceof MeshproofError)) throw error
        unread.push(`${cluster.name} ${namespace}/${name}: ${reasonOf(error)}`)
      }
    }),
  )
  return { proxies: proxies.sort((first, second) => first.name.localeCompare(second.name)), unread }
}

/** A few proxies stand for the rest: the two oldest, which a rotation may have missed, and the youngest. */
const sampleOf = (proxies: V1Pod[]): V1Pod[] => {
  const sorted = proxies
    .filter(isReady)
    .sort(
      (first, second) =>
        Number(first.metadata?.creationTimestamp ?? 0) - Number(second.metadata?.creationTimestamp ?? 0),
    )
  return [...new Set([...sorted.slice(0, 2), ...sorted.slice(-1)])]
}

/**
 * The authority in a secret, under the names of Istio’s own tools or under those of a TLS secret, which istiod takes
 * as well (what cert-manager writes).
 */
const cacertsOf = (data: Record<string, string>): Cacerts => {
  const names = data['tls.crt'] === undefined ? istioNames : tlsNames
  const text = (key: keyof typeof istioNames): string => Buffer.from(data[names[key]] ?? '', 'base64').toString()
  const [intermediate] = certificatesIn(text('certificate'))
  const ownsKey = ((): boolean => {
    try {
      return intermediate?.checkPrivateKey(createPrivateKey(text('key'))) ?? false
    } catch {
      return false
    }
  })()
  return {
    intermediate,
    chain: certificatesIn(text('chain')),
    roots: certificatesIn(text('root')),
    ownsKey,
  }
}

const istioNames = { certificate: 'ca-cert.pem', key: 'ca-key.pem', chain: 'cert-chain.pem', root: 'root-cert.pem' }
const tlsNames: typeof istioNames = { certificate: 'tls.crt', key: 'tls.key', chain: 'tls.crt', root: 'ca.crt' }

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
    ...(intermediate && roots.length > 0 && !leadsTo(intermediate, chain, roots)
      ? [`root-cert.pem (${roots.map(named).join(', ')}) does not verify ca-cert.pem (${named(intermediate)})`]
      : []),
    ...(intermediate && chain.length > 0 && chain[0]?.fingerprint256 !== intermediate.fingerprint256
      ? ['cert-chain.pem does not begin with ca-cert.pem']
      : []),
    ...(intermediate && !ownsKey ? ['ca-key.pem is not the key of ca-cert.pem'] : []),
  ]
  return wrong.length === 0 ? [] : [{ code: 'MP-844', where: cluster.name, evidence: wrong, fix }]
}

/** Whether a certificate is signed by a root, or by another of its chain that leads to one: three tiers and more. */
const leadsTo = (
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean => {
  if (roots.some((root) => certificate.verify(root.publicKey))) return true
  const issuer = chain.find(
    (candidate) => candidate.fingerprint256 !== certificate.fingerprint256 && certificate.verify(candidate.publicKey),
  )
  return (
    issuer !== undefined &&
    leadsTo(
      issuer,
      chain.filter((other) => other !== issuer),
      roots,
    )
  )
}

/** Milliseconds in a day, and the days before its end in which an authority is worth a word. */
const day = 24 * 60 * 60 * 1000
const soon = 30

/** Authorities whose end is near, measured by their own lifetime too: some are renewed every month. */
const endingSoon = ({ cluster, cacerts }: Trust): Finding[] => {
  const ending = [cacerts?.intermediate, ...(cacerts?.roots ?? [])].flatMap((certificate) => {
    if (!certificate) return []
    const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
    const left = until - Date.now()
    return left < soon * day && left < (until - from) / 4
      ? [`${named(certificate)} ends on ${certificate.validTo}, in ${Math.floor(left / day)} days`]
      : []
  })
  return ending.length === 0
    ? []
    : [
        {
          code: 'MP-846',
          where: cluster.name,
          evidence: ending,
          fix: kubectl(
            cluster,
            `-n ${cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.ca-cert\\.pem}" | base64 -d | ` +
              'openssl x509 -noout -subject -dates',
          ),
          clusters: [cluster.name],
        },
      ]
}

const rootsOf = ({ cacerts, handedOut }: Trust): X509Certificate[] => cacerts?.roots ?? handedOut

const rootsApart = (trusts: Trust[]): Finding[] => {
  const bundles = trusts
    .flatMap((candidate) => [
      {
        where: `${candidate.cluster.name} ${candidate.cacerts ? 'cacerts' : 'istio-ca-root-cert'}`,
        roots: rootsOf(candidate),
        cluster: candidate.cluster,
      },
      ...candidate.proxies
        .filter(({ trust: { roots } }) => roots.length > 0)
        .map(({ name, trust: { roots } }) => ({
          where: `${candidate.cluster.name} ${name}`,
          roots,
          cluster: candidate.cluster,
        })),
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
