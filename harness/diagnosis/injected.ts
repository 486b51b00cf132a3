import type { V1MutatingWebhookConfiguration, V1Namespace } from '@kubernetes/client-node'
import { matchesSelector } from './label-selector.ts'

/** Whether an injector takes a new pod with these labels, by the selectors that the API server goes by. */
export const isInjected = (
  injectors: V1MutatingWebhookConfiguration[],
  namespace: V1Namespace,
  labels: Record<string, string>,
): boolean =>
  injectors.some(({ webhooks }) =>
    webhooks?.some(
      ({ namespaceSelector, objectSelector }) =>
        matchesSelector(namespaceSelector, {
          'kubernetes.io/metadata.name': namespace.metadata?.name ?? '',
          ...namespace.metadata?.labels,
        }) && matchesSelector(objectSelector, labels),
    ),
  )
