import type { V1Service } from '@kubernetes/client-node'

/** Whether a service selects pods with these labels. One without a selector selects none. */
export const selects = ({ spec }: V1Service, labels: Record<string, string> | undefined): boolean => {
  const selector = Object.entries(spec?.selector ?? {})
  return selector.length > 0 && selector.every(([key, value]) => labels?.[key] === value)
}
