import type {
  V1Deployment,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1Pod,
  V1Service,
} from '@kubernetes/client-node'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { isInjected } from '#diagnosis/injected.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import { gatewayPlace } from '#diagnosis/places.ts'
import { lastWordsOf } from '#diagnosis/last-words.ts'
import { troubleOf } from '#diagnosis/pod-trouble.ts'
import { selects } from '#diagnosis/selects.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** Why no pod is ready: lines that show it, and where the reason is known, the cause and the command that mends it. */
type Reason = { evidence: string[]; cause?: string; fix?: string }

/** How many pods are shown of those that are not ready. */
const shown = 3

/** A gateway’s service without a ready pod, and why; undefined where it has some. */
export const gatewayDown = async (gateway: GatewayService): Promise<Finding | undefined> => {
  const { cluster, service } = gateway
  const { namespace = '', name = '' } = service.metadata ?? {}
  if ((await addressesBehind(cluster, namespace, name)).length > 0) return undefined
  const pods = (await cluster.reads.podsIn(namespace)).filter(({ metadata }) => selects(service, metadata?.labels))
  const reason = pods.length === 0 ? await whyNoPod(cluster, service) : await whyNotReady(cluster, pods)
  return {
    code: 'MP-887',
    where: gatewayPlace(gateway),
    ...(reason.cause === undefined ? {} : { cause: reason.cause }),
    evidence: ['its service has no ready endpoints', ...reason.evidence],
    fix: reason.fix ?? kubectl(cluster, `-n ${namespace} get pods,endpointslices`),
    clusters: [cluster.name],
  }
}

const whyNoPod = async (cluster: SurveyedCluster, service: V1Service): Promise<Reason> => {
  const { namespace = '' } = service.metadata ?? {}
  const deployments = (await cluster.reads.deployments().catch((): V1Deployment[] => [])).filter(
    ({ metadata }) => metadata?.namespace === namespace,
  )
  const own = deployments.find(({ spec }) => selects(service, spec?.template.metadata?.labels))
  if (own) return whyDeploymentHasNone(cluster, own)
  const others = (await cluster.reads.podsIn(namespace)).filter(
    (pod) => isReady(pod) && proxyOf(pod)?.args?.includes('router'),
  )
  return {
    cause: 'a gateway’s service selects labels that no pod has',
    evidence: [
      `it selects ${inWords(service.spec?.selector)}, and no pod of ${namespace} has these labels`,
      ...others
        .slice(0, shown)
        .map(({ metadata }) => `${metadata?.name ?? ''} is a gateway’s proxy, labelled ${likeIn(service, metadata)}`),
    ],
    fix: kubectl(cluster, `-n ${namespace} get pods --show-labels`),
  }
}

const whyDeploymentHasNone = (cluster: SurveyedCluster, { metadata, spec, status }: V1Deployment): Reason => {
  const { namespace = '', name = '' } = metadata ?? {}
  if (spec?.replicas === 0)
    return {
      cause: 'a gateway is scaled to 0',
      evidence: [`deployment ${name} asks for 0 replicas`],
      fix: kubectl(cluster, `-n ${namespace} scale deployment ${name} --replicas=1`),
    }
  const refusal = status?.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
  return refusal
    ? {
        cause: 'the pods of a gateway cannot be created',
        evidence: [`deployment ${name}: ${refusal.reason ?? ''}: ${(refusal.message ?? '').slice(0, 400)}`],
        fix: kubectl(cluster, `-n ${namespace} describe replicasets`),
      }
    : {
        evidence: [`deployment ${name} asks for ${spec?.replicas ?? 1} replicas, and there is no pod of it`],
        fix: kubectl(cluster, `-n ${namespace} describe deployment ${name}`),
      }
}

const inWords = (labels: Record<string, string> | undefined): string =>
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ') || 'nothing'

/** The labels of a pod that a service selects by, with the pod’s own values. */
const likeIn = ({ spec }: V1Service, metadata: V1Pod['metadata']): string =>
  Object.keys(spec?.selector ?? {})
    .map((key) => (metadata?.labels?.[key] === undefined ? `without ${key}` : `${key}=${metadata.labels[key]}`))
    .join(', ')

const whyNotReady = async (cluster: SurveyedCluster, pods: V1Pod[]): Promise<Reason> => {
  const { namespace = '', name = '' } = pods[0]?.metadata ?? {}
  const lines = pods.slice(0, shown).map((pod) => lineOf(pod))
  const placeholder = pods.find((pod) => proxyOf(pod)?.image === 'auto')
  if (placeholder) {
    const [namespaces, injectors] = await Promise.all([cluster.reads.namespaces(), cluster.reads.injectors()])
    const own = namespaces.find(({ metadata }) => metadata?.name === namespace)
    const { evidence, fix } = whyNotInjected(cluster, placeholder, own, injectors)
    return {
      cause: 'a gateway’s pod has the placeholder “auto” for an image, since no sidecar injector took it',
      evidence: [...lines, evidence],
      fix,
    }
  }
  const down = pods.find((pod) => !isReady(pod))
  const words = down ? await lastWordsOf(cluster, down, 'istio-proxy') : []
  return { evidence: [...lines, ...words], fix: kubectl(cluster, `-n ${namespace} describe pod ${name}`) }
}

const lineOf = (pod: V1Pod): string => {
  const name = pod.metadata?.name ?? ''
  if (isReady(pod)) return `${name} is ready, and the service’s slices have no ready address of it`
  const trouble = troubleOf(pod, Date.now())
  return `${name}: ${trouble?.said ?? 'it is not ready yet'}`
}

const whyNotInjected = (
  cluster: SurveyedCluster,
  { metadata }: V1Pod,
  namespace: V1Namespace | undefined,
  injectors: V1MutatingWebhookConfiguration[],
): { evidence: string; fix: string } => {
  const { namespace: inNamespace = '', name = '', labels = {} } = metadata ?? {}
  const again = kubectl(cluster, `-n ${inNamespace} delete pod ${name}`)
  const shownLabels = inWords(
    Object.fromEntries(
      ['sidecar.istio.io/inject', 'istio.io/rev'].flatMap((key) => (labels[key] ? [[key, labels[key]]] : [])),
    ),
  )
  if (injectors.length === 0)
    return {
      evidence: `${cluster.name} has no sidecar injector`,
      fix: kubectl(cluster, 'get mutatingwebhookconfigurations'),
    }
  if (namespace?.metadata?.labels?.['istio-injection'] === 'disabled')
    return {
      evidence:
        `namespace ${inNamespace} is labelled istio-injection=disabled: nothing in it is injected, gateways ` +
        'neither',
      fix: `${kubectl(cluster, `label namespace ${inNamespace} istio-injection-`)} && ${again}`,
    }
  if (namespace && isInjected(injectors, namespace, labels))
    return {
      evidence: 'an injector would take a new pod like it: the pod is older than the injector or its labels',
      fix: again,
    }
  const served = [...new Set(injectors.flatMap((injector) => injector.metadata?.labels?.['istio.io/rev'] ?? []))]
  return {
    evidence:
      `no injector of ${cluster.name} takes a pod labelled ${shownLabels} in namespace ${inNamespace}, labelled ` +
      `${inWords(namespace?.metadata?.labels)}; injectors serve revisions ${served.join(', ') || 'default'}`,
    fix: kubectl(cluster, `-n ${inNamespace} get pod ${name} --show-labels`),
  }
}
