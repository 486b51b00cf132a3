import type { Admission } from '#diagnosis/new-namespace.ts'

/** What a new namespace needs in a mesh that treats every namespace alike: nothing. */
export const nothingMore: Admission = {
  labels: {},
  needsAllowance: false,
  needsSidecar: false,
  needsExport: false,
  trafficPolicies: {},
}
