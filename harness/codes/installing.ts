import type { CodeEntry } from './entry.ts'

/** Errors of installing Istio in a lab, and of changing what is installed. */
export const installingCodes = {
  'MP-501': {
    cause: 'istioctl failed',
    shows: 'The message holds istioctl’s own words.',
    fix: 'Run again with --keep and look at the pods of Istio’s root namespace.',
  },
  'MP-502': {
    cause: 'Helm failed',
    shows: 'The message holds Helm’s own words.',
    fix: 'Run again with --keep. `helm history RELEASE`, in Istio’s root namespace, shows what Helm tried.',
  },
  'MP-510': {
    cause: 'the mesh has no meshNetworks that could be read',
    shows: 'Config map istio has no key meshNetworks, or not of the form that this topology installs.',
    fix: '`kubectl get configmap istio -o yaml`, in Istio’s root namespace, shows what is there.',
  },
  'MP-511': {
    cause: 'sidecars do not intercept every range of the mesh',
    shows: 'includeIPRanges of the injector leaves out a pod or service range, so that requests to it bypass the mesh.',
    fix: 'Set global.proxy.includeIPRanges to * or to the pod and service ranges of all clusters.',
  },
  'MP-520': {
    cause: 'a cluster has a control plane or injector of another revision',
    shows:
      'An upgrade requires that one revision alone is there. The message lists what is of another, and what is ' +
      'missing.',
    fix: '`kubectl get deployments,mutatingwebhookconfigurations -A --show-labels` shows the revisions.',
  },
  'MP-540': {
    cause: 'there is no remote secret with a token to rotate',
    shows: 'The control plane has no remote secret of that cluster, or one that holds something else than a token.',
    fix: '`kubectl get secret -A -l istio/multiCluster=true` shows those there are.',
  },
} as const satisfies Record<string, CodeEntry>
