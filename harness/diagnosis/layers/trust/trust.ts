import { variableOf } from '#istio/proxy-container.ts'
import { authorityIn, leadsTo } from '#probes/cacerts.ts'
import { primariesOf } from '#topology/roles.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { brokenCacerts, endingSoon } from './authority.ts'
import { named, short, trustIn, type Trust } from './certificates.ts'
import { rootsApart, rootsOf } from './roots.ts'

/**
 * Every cluster’s certificates lead to one root: those in cacerts, those handed out to namespaces, and those of live
 * proxies (istio/istio#32501). Several roots are fine, as during a rotation or where clusters exchange them
 * (istio/istio#61719), if every proxy trusts one of every cluster’s.
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
    const selfSigned = await Promise.all(without.map(async (own) => ((await signedElsewhere(own)) ? [] : own)))
    const missing =
      without.length === primaries.length
        ? []
        : selfSigned.flat().map(({ cluster }): Finding => ({
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

/**
 * Whether a cluster without cacerts has its certificates from somebody who keeps their root: another signer than
 * istiod, such as istio-csr of cert-manager, or istiod with that root in the secret of its own authority.
 */
const signedElsewhere = async ({ cluster, handedOut }: Trust): Promise<boolean> => {
  const [istiods, secrets] = await Promise.all([cluster.reads.istiods(), cluster.reads.secrets()])
  const isAnother = istiods
    .map(({ spec }) => spec?.template.spec?.containers.find(({ name }) => name === 'discovery'))
    .some(
      (discovery) =>
        variableOf(discovery, 'ENABLE_CA_SERVER') === 'false' || Boolean(variableOf(discovery, 'EXTERNAL_CA')),
    )
  if (isAnother) return true
  const own = secrets.find(({ metadata }) => metadata?.name === 'istio-ca-secret')?.data
  const { intermediate, chain } = authorityIn(own ?? {})
  return intermediate !== undefined && leadsTo(intermediate, chain, handedOut)
}

/** The cluster whose cacerts sign for a cluster’s workloads: the one in which its istiod runs. */
const signingFor = (mesh: Survey, cluster: SurveyedCluster): SurveyedCluster | undefined => {
  const primary = servedBy(mesh, cluster)
  return primary && hostOf(primary)
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
