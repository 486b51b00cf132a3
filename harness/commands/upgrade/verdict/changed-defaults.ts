import { minorOf } from '#images/version.ts'

// The changed default by the minor version of Istio 1 that changed it (facts of upgrades; Istio’s
// manifests/helm-profiles/compatibility-version-*.yaml).
const changes: Record<number, string> = {
  27: 'sidecars are native: init containers that start before and end after the workload',
  28: 'mirrored requests no longer get the suffix -shadow on their host',
  29: 'proxies give metrics of circuit breakers',
  30: 'among services of one host name, a client gets that of its own namespace first',
  31: 'gateways are merged strictly, and proxies also receive endpoints that are not healthy',
}

/**
 * The defaults of Istio that changed after version `from`, up to version `to`, a line each. Versions look like
 * `1.29.2`. Empty for other versions, and for a downgrade.
 */
export const changedDefaults = (from: string, to: string): string[] => {
  const [old, next] = [minorOf(from), minorOf(to)]
  return Object.entries(changes)
    .filter(([minor]) => Number(minor) > (old ?? NaN) && Number(minor) <= (next ?? NaN))
    .map(([minor, line]) => `1.${minor}: ${line}`)
}
