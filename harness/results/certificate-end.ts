/** When a certificate or a token of a mesh ends. `where` is the secret or ConfigMap that holds it, or `proxies`. */
export type CertificateEnd = {
  cluster: string
  kind: 'root' | 'intermediate' | 'workload' | 'remote-secret'
  where: string
  /** Milliseconds since 1970. */
  at: number
}
