import type {
  V1Deployment,
  V1LabelSelector,
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1Namespace,
} from '@kubernetes/client-node'
import type { Problem } from './preflight-problem.ts'

/** The objects of one cluster that decide which revision injects which namespace. */
export type Revisions = {
  cluster: string
  istiods: V1Deployment[]
  injectors: V1MutatingWebhookConfiguration[]
  namespaces: V1Namespace[]
}

/**
 * The control planes and injectors of a cluster that forbid an upgrade: those that already have the name of the new
 * revision (`revision`; empty for an upgrade in place), a second control plane beside the one to upgrade, and injectors
 * of two revisions that select the same namespace.
 */
export const revisionProblems = (
  { cluster, istiods, injectors, namespaces }: Revisions,
  revision: string,
): Problem[] => {
  const taken =
    revision === ''
      ? []
      : [...istiods, ...injectors]
          .filter((object) => revisionOf(object) === revision)
          .map(({ metadata }) => metadata?.name ?? '')
  const existing = istiods
    .filter((istiod) => revisionOf(istiod) !== revision)
    .map(({ metadata }) => metadata?.name ?? '')
  const contested = namespaces.flatMap(({ metadata }) => {
    const claimants = injectors.filter(({ webhooks }) =>
      webhooks?.some((webhook) => injects(webhook, metadata?.labels ?? {})),
    )
    return new Set(claimants.map(revisionOf)).size > 1
      ? [{ namespace: metadata?.name ?? '', claimants: claimants.map((injector) => injector.metadata?.name ?? '') }]
      : []
  })
  return [
    ...(taken.length === 0
      ? []
      : [
          {
            code: 'MP-158' as const,
            what: `The revision ${revision} exists already`,
            where: `${cluster}: ${taken.join(', ')}`,
            why: 'an earlier upgrade is incomplete, or another upgrade is running',
            next: `Finish or remove it: istioctl uninstall --revision=${revision}.`,
          },
        ]),
    ...(existing.length < 2
      ? []
      : [
          {
            code: 'MP-158' as const,
            what: 'The cluster has several control planes already',
            where: `${cluster}: ${existing.join(', ')}`,
            why: 'it is not clear which of them to upgrade',
            next: 'Finish the earlier upgrade: move every namespace, then remove the old revision.',
          },
        ]),
    ...contested.map(({ namespace, claimants }): Problem => ({
      code: 'MP-159',
      what: 'Injectors of two revisions would inject the same namespace',
      where: `${cluster}, namespace ${namespace}: ${claimants.join(', ')}`,
      why: 'the order of their names decides which does',
      next: 'Label the namespace for one of them (istio-injection or istio.io/rev), or remove the other.',
    })),
  ]
}

/** The revision that an object belongs to; without a label it is the default revision. */
const revisionOf = ({ metadata }: V1Deployment | V1MutatingWebhookConfiguration): string =>
  metadata?.labels?.['istio.io/rev'] ?? 'default'

/** Whether a webhook injects a pod without labels in a namespace with these labels. */
const injects = (
  { namespaceSelector, objectSelector }: V1MutatingWebhook,
  namespace: Record<string, string>,
): boolean => selects(namespaceSelector, namespace) && selects(objectSelector, {})

const selects = (selector: V1LabelSelector | undefined, labels: Record<string, string>): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key]
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    // A missing label counts as not in the list.
    return (value !== undefined && values.includes(value)) === (operator === 'In')
  })
