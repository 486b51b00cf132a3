import type { V1MutatingWebhookConfiguration, V1Namespace, V1Pod } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import { isInjected } from '#diagnosis/injected.ts'
import { matchesSelector } from '#diagnosis/label-selector.ts'
import { istioctl, kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { isSidecar, proxyOf } from '#istio/proxy-container.ts'
import { isRunning } from '#kube/pods.ts'
import type { WithTemplate } from '#probes/survey/reads.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * Namespaces that ask for a revision nobody serves, pods that are older than the label of their namespace, and
 * namespaces that have sidecars and do not ask for them any more (istio/istio#28798).
 */
export const sidecarProblems = async (mesh: Survey, cluster: SurveyedCluster): Promise<Finding[]> => {
  const reader = servedBy(mesh, cluster)
  const [namespaces, pods, injectors, workloads, never] = await Promise.all([
    cluster.reads.namespaces(),
    cluster.reads.pods(),
    cluster.reads.injectors(),
    cluster.reads.workloads(),
    reader ? neverInjected(reader) : [],
  ])
  return namespaces.flatMap((namespace) => {
    const own = pods.filter(({ metadata }) => metadata?.namespace === namespace.metadata?.name)
    return asks(namespace)
      ? askingProblems(cluster, reader ?? cluster, namespace, own, injectors, never)
      : forgottenLabel(cluster, namespace, own, injectors, workloads)
  })
}

type Selector = NonNullable<Parameters<typeof matchesSelector>[0]>

/** The labels of pods that a control plane’s injector passes over; none where its configuration cannot be read. */
const neverInjected = async (reader: SurveyedCluster): Promise<Selector[]> => {
  const revisions = (await reader.reads.istiods()).map(({ metadata }) => metadata?.labels?.['istio.io/rev'])
  const names = ['', ...revisions.flatMap((revision) => (revision ? `-${revision}` : []))]
  const maps = await Promise.all(
    names.map((name) => reader.reads.configMap(`istio-sidecar-injector${name}`).catch(() => undefined)),
  )
  return maps.flatMap((map) => selectorsIn(map?.data?.['config'] ?? ''))
}

const selectorsIn = (config: string): Selector[] => {
  try {
    const { neverInjectSelector } = (parse(config) ?? {}) as { neverInjectSelector?: unknown }
    return z.array(z.custom<Selector>((value) => typeof value === 'object')).parse(neverInjectSelector ?? [])
  } catch {
    return []
  }
}

/** A namespace asks by either label; by the second one alone where it does not have the first. */
const asks = ({ metadata }: V1Namespace): boolean => {
  const { 'istio-injection': injection, 'istio.io/rev': revision } = metadata?.labels ?? {}
  return injection === 'enabled' || (injection === undefined && revision !== undefined)
}

const askingProblems = (
  cluster: SurveyedCluster,
  reader: SurveyedCluster,
  namespace: V1Namespace,
  pods: V1Pod[],
  injectors: V1MutatingWebhookConfiguration[],
  never: Selector[],
): Finding[] => {
  const name = namespace.metadata?.name ?? ''
  const { 'istio-injection': injection, 'istio.io/rev': revision } = namespace.metadata?.labels ?? {}
  const working = pods.filter((pod) => isRunning(pod))
  if (working.length > 0 && !isInjected(injectors, namespace, {})) {
    const asked = injection === 'enabled' ? 'istio-injection=enabled' : `istio.io/rev=${revision ?? ''}`
    const served = [...new Set(injectors.flatMap(({ metadata }) => metadata?.labels?.['istio.io/rev'] ?? []))]
    const tags = injectors.flatMap(({ metadata }) => metadata?.labels?.['istio.io/tag'] ?? [])
    return [
      {
        code: 'MP-859',
        ...(injectors.length === 0 ? { cause: 'a cluster has no sidecar injector' } : {}),
        where: `${cluster.name} ${name}`,
        evidence: [
          `the namespace asks by ${asked}, and no injector of ${cluster.name} takes that`,
          `injectors serve revisions ${served.join(', ') || 'none'}` +
            (tags.length > 0 ? ` and tags ${tags.join(', ')}` : ''),
          ...bareLines(working),
        ],
        fix:
          injectors.length === 0
            ? kubectl(cluster, 'get mutatingwebhookconfigurations   # install the one of this cluster again')
            : injection === 'enabled' || revision === undefined
              ? istioctl(cluster, `tag set default --revision=${served[0] ?? 'REVISION'}`)
              : istioctl(cluster, `tag set ${revision} --revision=${served[0] ?? 'REVISION'}`),
        clusters: [cluster.name],
      },
    ]
  }
  const bare = working.filter(
    (pod) => !proxyOf(pod) && isInjected(injectors, namespace, pod.metadata?.labels ?? {}) && !optsOut(pod),
  )
  const excluded = never.filter((selector) => bare.some((pod) => matchesSelector(selector, pod.metadata?.labels ?? {})))
  return bare.length === 0
    ? []
    : [
        {
          code: 'MP-857',
          ...(excluded.length > 0
            ? { cause: 'the injector is told never to give pods with certain labels a sidecar (neverInjectSelector)' }
            : {}),
          where: `${cluster.name} ${name}`,
          evidence: [
            ...excluded.map((selector) => `neverInjectSelector has ${JSON.stringify(selector)}`),
            ...bareLines(bare),
          ],
          fix:
            excluded.length > 0
              ? kubectl(reader, `-n ${reader.istioNamespace} get configmap istio-sidecar-injector -o yaml`)
              : kubectl(cluster, `-n ${name} rollout restart deployment`),
          clusters: [cluster.name],
        },
      ]
}

const bareLines = (pods: V1Pod[]): string[] =>
  pods
    .filter((pod) => !proxyOf(pod))
    .slice(0, 5)
    .map(({ metadata }) => `${metadata?.name ?? ''} has no sidecar, and is there since ${sinceOf(metadata)}`)

const sinceOf = (metadata: V1Pod['metadata']): string => {
  const created = metadata?.creationTimestamp
  return created === undefined ? 'an unknown time' : new Date(created).toISOString()
}

const forgottenLabel = (
  cluster: SurveyedCluster,
  namespace: V1Namespace,
  pods: V1Pod[],
  injectors: V1MutatingWebhookConfiguration[],
  workloads: WithTemplate[],
): Finding[] => {
  const name = namespace.metadata?.name ?? ''
  const lost = pods.filter(
    (pod) =>
      isRunning(pod) &&
      isSidecar(pod) &&
      !isByHand(pod, workloads) &&
      !isInjected(injectors, namespace, pod.metadata?.labels ?? {}),
  )
  if (lost.length === 0) return []
  return [
    {
      code: 'MP-858',
      where: `${cluster.name} ${name}`,
      evidence: [
        `${lost.length} pods have sidecars; the namespace has neither istio-injection=enabled nor istio.io/rev, and ` +
          'nothing else asks for them',
      ],
      fix: kubectl(cluster, `label --overwrite namespace ${name} istio-injection=enabled`),
      clusters: [cluster.name],
    },
  ]
}

/**
 * A workload whose own template holds the sidecar was injected by hand, and its next pod gets it again. A pod without
 * an owner has no next one.
 */
const isByHand = ({ metadata }: V1Pod, workloads: WithTemplate[]): boolean =>
  (metadata?.ownerReferences ?? []).length === 0 ||
  workloads.some(
    (workload) =>
      workload.metadata?.namespace === metadata?.namespace &&
      metadata?.name?.startsWith(`${workload.metadata?.name ?? ''}-`) &&
      proxyOf({ spec: workload.spec?.template.spec } as V1Pod) !== undefined,
  )

const optsOut = ({ metadata, spec }: V1Pod): boolean =>
  spec?.hostNetwork === true ||
  (metadata?.labels?.['sidecar.istio.io/inject'] ?? metadata?.annotations?.['sidecar.istio.io/inject']) === 'false'
