import { minorOf } from '#images/version.ts'

// By the minor of Istio 1 that brought it (facts of upgrades; Istio's
// manifests/helm-profiles/compatibility-version-*.yaml).
const flips: Record<number, string> = {
  27: 'sidecars are native: init containers that start before and end after the workload',
  28: 'mirrored requests no longer get the suffix -shadow on their host',
  29: 'proxies give metrics of circuit breakers',
  30: 'among services of one host name, a client gets that of its own namespace first',
  31: 'gateways are merged strictly, and endpoints that are not healthy are sent to proxies too',
}

/**
 * Defaults of Istio that changed after one version, up to another: a line each. Versions are as `1.29.2`; of others,
 * and of a way back, nothing is known.
 */
export const changedDefaults = (from: string, to: string): string[] => {
  const [old, next] = [minorOf(from), minorOf(to)]
  return Object.entries(flips)
    .filter(([minor]) => Number(minor) > (old ?? NaN) && Number(minor) <= (next ?? NaN))
    .map(([minor, line]) => `1.${minor}: ${line}`)
}
