import type { V1MutatingWebhook, V1ValidatingWebhook } from '@kubernetes/client-node'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { reasonOf } from '#errors.ts'
import { certificatesIn } from '#probes/envoy.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * Webhooks of a cluster that do not lead to its control plane: injectors and validators whose service has no endpoint,
 * or that do not hold the certificate istiod serves with (istio/istio#42942, istio/istio#58445).
 */
export const webhookProblems = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  const [injectors, validators, accepted] = await Promise.all([
    cluster.reads.injectors(),
    cluster.reads.validators().catch(() => []),
    acceptedRoots(cluster),
  ])
  const configurations = [
    ...injectors.map(({ metadata, webhooks }) => ({
      kind: 'mutating',
      name: metadata?.name ?? '',
      webhook: webhooks?.[0],
    })),
    ...validators.map(({ metadata, webhooks }) => ({
      kind: 'validating',
      name: metadata?.name ?? '',
      webhook: webhooks?.[0],
    })),
  ]
  return (await Promise.all(configurations.map((configuration) => problemsOf(cluster, configuration, accepted)))).flat()
}

/** Notes on validating webhooks that may not be read. */
export const unreadValidators = ({ name, reads }: SurveyedCluster): Promise<string[]> =>
  reads.validators().then(
    () => [],
    (error: unknown) => [`validating webhooks of ${name} were not looked at: ${reasonOf(error)}`],
  )

type Webhook = V1MutatingWebhook | V1ValidatingWebhook
type Configuration = { kind: string; name: string; webhook: Webhook | undefined }

const problemsOf = async (
  cluster: SurveyedCluster,
  { kind, name, webhook }: Configuration,
  accepted: { roots: string[]; all: string[] },
): Promise<Finding[]> => {
  const finding = (code: 'MP-853' | 'MP-854', line: string, fix?: string): Finding[] => [
    {
      code,
      where: `${cluster.name} ${name}`,
      evidence: [line],
      fix: fix ?? kubectl(cluster, `get ${kind}webhookconfiguration ${name} -o yaml`),
      ...(kind === 'validating'
        ? {
            cause:
              code === 'MP-853'
                ? 'a validating webhook of Istio does not hold the certificate that istiod serves with'
                : 'a validating webhook of Istio leads nowhere',
          }
        : {}),
      clusters: [cluster.name],
    },
  ]
  if (!webhook) return []
  const service = webhook.clientConfig.service
  if (service && !(await isAlias(cluster, service))) {
    const behind = await addressesBehind(cluster, service.namespace, service.name)
    if (behind.length === 0)
      return finding(
        'MP-854',
        `its service ${service.namespace}/${service.name} has no endpoints`,
        kubectl(cluster, `-n ${service.namespace} get endpointslices -l kubernetes.io/service-name=${service.name}`),
      )
  }
  const bundle = certificatesIn(Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString())
  // Without a bundle, the API server verifies a URL by the authorities that everybody knows.
  if (bundle.length === 0 && webhook.clientConfig.url) return []
  // A validator that istiod has not taken up yet lets everything pass, and has no certificate.
  if (bundle.length === 0) return webhook.failurePolicy === 'Ignore' ? [] : finding('MP-853', 'caBundle is empty')
  if (accepted.roots.length === 0) return []
  if (bundle.some(({ fingerprint256 }) => accepted.all.includes(fingerprint256))) return []
  const short = (fingerprint: string): string => `${fingerprint.slice(0, 11)}…`
  return finding(
    'MP-853',
    `caBundle holds ${bundle.map(({ fingerprint256 }) => short(fingerprint256)).join(', ')}, the control plane’s ` +
      `root is ${accepted.roots.map(short).join(', ')}`,
  )
}

/**
 * Whether a service is only a DNS name (type ExternalName). A remote’s istiod is one where remotePilotAddress is a
 * name. Such a service has no endpoints: the API server calls the name.
 */
const isAlias = async (
  { reads }: SurveyedCluster,
  { namespace, name }: { namespace: string; name: string },
): Promise<boolean> =>
  (await reads.services()).some(
    ({ metadata, spec }) =>
      metadata?.namespace === namespace && metadata.name === name && spec?.type === 'ExternalName',
  )

/** The roots that istiod’s certificate may come from: the mesh’s, or that of Kubernetes itself. */
const acceptedRoots = async ({ reads }: SurveyedCluster): Promise<{ roots: string[]; all: string[] }> => {
  const [map, own] = await Promise.all([reads.configMap('istio-ca-root-cert'), reads.configMap('kube-root-ca.crt')])
  const fingerprints = (pem: string | undefined): string[] =>
    certificatesIn(pem ?? '').map(({ fingerprint256 }) => fingerprint256)
  const roots = fingerprints(map?.data?.['root-cert.pem'])
  return { roots, all: [...roots, ...fingerprints(own?.data?.['ca.crt'])] }
}
