/** Whether a host in one of Istio’s objects names a host: in full, or by a wildcard (`*`, `*.local`). */
export const namesHost = (pattern: string, host: string): boolean =>
  pattern === '*' || pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)))
