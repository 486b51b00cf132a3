import type {
  V1Deployment,
  V1LabelSelector,
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1Namespace,
} from '@kubernetes/client-node'
import type { Problem } from './preflight-problem.ts'

/** What of one cluster decides who injects what. */
export type Revisions = {
  cluster: string
  istiods: V1Deployment[]
  injectors: V1MutatingWebhookConfiguration[]
  namespaces: V1Namespace[]
}

/**
 * Control planes and injectors that get into an upgrade’s way: what the new revision’s name is given to already
 * (`revision`; empty in place), a second control plane beside the one to upgrade, and namespaces that injectors of two
 * revisions lay claim to: which of them wins is left to the order of their names.
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
  const others = istiods.filter((istiod) => revisionOf(istiod) !== revision).map(({ metadata }) => metadata?.name ?? '')
  const contested = namespaces.flatMap(({ metadata }) => {
    const claimants = injectors.filter(({ webhooks }) =>
      webhooks?.some((webhook) => injects(webhook, metadata?.labels ?? {})),
    )
    return new Set(claimants.map(revisionOf)).size > 1
      ? [{ namespace: metadata?.name ?? '', claimants: claimants.map((one) => one.metadata?.name ?? '') }]
      : []
  })
  return [
    ...(taken.length === 0
      ? []
      : [
          {
            code: 'MP-158' as const,
            what: `The revision ${revision} is there already`,
            where: `${cluster}: ${taken.join(', ')}`,
            why: 'an upgrade that was left half-done, or another one at work',
            next: `Finish or remove it: istioctl uninstall --revision=${revision}.`,
          },
        ]),
    ...(others.length < 2
      ? []
      : [
          {
            code: 'MP-158' as const,
            what: 'Several control planes run beside each other already',
            where: `${cluster}: ${others.join(', ')}`,
            why: 'it cannot be told which of them is upgraded',
            next: 'Finish the upgrade before this one: move every namespace, then remove the old revision.',
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

/** The revision that an object belongs to; what names none is the default’s. */
const revisionOf = ({ metadata }: V1Deployment | V1MutatingWebhookConfiguration): string =>
  metadata?.labels?.['istio.io/rev'] ?? 'default'

/** Whether a webhook injects a pod without labels of its own in a namespace with these. */
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
    // A label that is not there is not in the list.
    return (value !== undefined && values.includes(value)) === (operator === 'In')
  })
