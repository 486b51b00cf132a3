import type { V1LabelSelector } from '@kubernetes/client-node'

/** Whether labels fulfil a selector, as the API server judges it; a missing or empty selector takes everything. */
export const matchesSelector = (
  selector: V1LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key]
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    const among = value !== undefined && values.includes(value)
    return operator === 'In' ? among : !among
  })
