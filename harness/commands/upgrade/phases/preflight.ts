import type { V1Deployment } from '@kubernetes/client-node'
import type { UpgradeLab } from '#commands/upgrade/upgrade-phase.ts'
import { type FindingCode, findings } from '#diagnosis/findings.ts'
import { trust } from '#diagnosis/layers/trust/trust.ts'
import { tagOf } from '#images/version.ts'
import { gatewayName } from '#istio/gateway.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { certificatesIn } from '#probes/envoy.ts'
import type { ContextCluster } from '#probes/survey/contexts.ts'
import { survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { certificateProblems } from './preflight-certificates.ts'
import { revisionProblems } from './preflight-injectors.ts'
import type { Problem } from './preflight-problem.ts'

/**
 * The problems of a running mesh that forbid an upgrade (facts of upgrades, P0): roots that differ, authorities that
 * expire too soon or may not sign, a gateway without a second replica, revisions that overlap, proxies of another
 * release. It only reads.
 * @throws MeshproofError MP-117 where a cluster cannot be read, MP-118 where a cluster has no Istio.
 */
export const preflight = ({ from, revision }: UpgradeLab): Promise<Problem[]> =>
  meshProblems(
    from.clusters.map(({ name, kube }) => ({ context: name, kube })),
    { tag: from.images.roles['tag'] ?? '', revision, istioNamespace: from.topology.istioNamespace },
    new Date(),
  )

/**
 * The same problems, of a mesh given by its contexts. `tag` is the tag of the images that the mesh must run. `revision`
 * is the revision of the new control plane; empty for an upgrade in place.
 */
export const meshProblems = async (
  contexts: ContextCluster[],
  { tag, revision, istioNamespace }: { tag: string; revision: string; istioNamespace?: string },
  now: Date,
): Promise<Problem[]> => {
  const mesh = await survey(contexts, istioNamespace)
  const [{ findings: broken }, perCluster] = await Promise.all([
    trust.look(mesh, undefined),
    Promise.all(
      mesh.clusters.map(async (cluster) => [
        ...certificateProblems(cluster.name, await authoritiesOf(cluster), now),
        ...(await gatewayProblems(cluster)),
        ...(await releaseProblems(cluster, tag)),
        ...revisionProblems(
          {
            cluster: cluster.name,
            istiods: await cluster.reads.istiods(),
            injectors: await cluster.reads.injectors(),
            namespaces: await cluster.reads.namespaces(),
          },
          revision,
        ),
      ]),
    ),
  ])
  // certificateProblems reports expired authorities with those that expire too soon.
  const untrusted = broken
    .filter(({ code }) => code !== expired)
    .map(({ code, where, evidence }): Problem => ({
      code: 'MP-154',
      what: sentence(findings[code].cause),
      where,
      why: evidence.join('; '),
      next: findings[code].fix,
    }))
  return [...untrusted, ...perCluster.flat()]
}

const expired: FindingCode = 'MP-845'
const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}`

/**
 * Every certificate of a cluster’s certificate authority, and the root that istiod distributes to namespaces.
 */
const authoritiesOf = async ({ reads }: SurveyedCluster): Promise<ReturnType<typeof certificatesIn>> => {
  const [secrets, distributed] = await Promise.all([reads.secrets(), reads.configMap('istio-ca-root-cert')])
  const cacerts = secrets.find(({ metadata }) => metadata?.name === 'cacerts')?.data ?? {}
  return ['ca-cert.pem', 'cert-chain.pem', 'root-cert.pem']
    .flatMap((key) => certificatesIn(Buffer.from(cacerts[key] ?? '', 'base64').toString()))
    .concat(certificatesIn(distributed?.data?.['root-cert.pem'] ?? ''))
}

const gatewayProblems = async ({ name, kube, istioNamespace }: SurveyedCluster): Promise<Problem[]> => {
  const gateway = await kube.get<V1Deployment>({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: gatewayName,
    namespace: istioNamespace,
  })
  const ready = gateway?.status?.availableReplicas ?? 0
  return !gateway || ready >= 2
    ? []
    : [
        {
          code: 'MP-157',
          what: 'A gateway has no second replica',
          where: `${name}, ${gatewayName}: ${ready} available`,
          why: 'while its only pod is replaced, nothing crosses networks',
          next:
            'Scale it to two replicas. Set replicas and autoscaling in its operator file too, since a new ' +
            'installation resets them.',
        },
      ]
}

const releaseProblems = async ({ name, reads }: SurveyedCluster, tag: string): Promise<Problem[]> => {
  const [istiods, proxies] = await Promise.all([reads.istiods(), reads.proxies()])
  const running = [
    ...istiods.map(
      ({ metadata, spec }) =>
        [
          metadata?.name ?? '',
          tagOf(spec?.template.spec?.containers.find((container) => container.name === 'discovery')?.image),
        ] as const,
    ),
    ...proxies.map(
      (pod) => [`${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`, tagOf(proxyOf(pod)?.image)] as const,
    ),
  ]
  const differing = running.filter(([, release]) => release !== tag)
  return differing.length === 0
    ? []
    : [
        {
          code: 'MP-160',
          what: 'Not everything runs the release to upgrade from',
          where: `${name}: ${differing
            .slice(0, 5)
            .map(([workload, release]) => `${workload} ${release}`)
            .join(', ')}${differing.length > 5 ? ` and ${differing.length - 5} more` : ''}`,
          why:
            `the upgrade begins at ${tag}; a data plane may not be ahead of its control plane, and trails it by ` +
            'one minor at most',
          next: 'Bring every part to one release first: restart what still runs another release.',
        },
      ]
}
