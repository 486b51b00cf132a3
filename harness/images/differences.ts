import type { ImageSource } from './images.ts'

/** What a mesh of some images is given, or lacks, beside what it would be anyway. */
export type Difference = {
  /** Settings of istiod. */
  istiod: Record<string, string>
  /** Values of the install. */
  values: Record<string, unknown>
  /** The workloads answer streams too. */
  streams: boolean
}

/**
 * All that differs between published images and those built here. Upstream Envoy, which the latter carry, lacks
 * Istio’s own filters (facts of the source build), and helloworld is a program of ours; with published images nothing
 * is set that a user would not set.
 */
export const differences: Readonly<Record<ImageSource, Difference>> = {
  release: { istiod: {}, values: {}, streams: false },
  source: {
    istiod: {
      PILOT_ENABLE_METADATA_EXCHANGE: 'false',
      PILOT_ENABLE_ALPN_FILTER: 'false',
      PILOT_DISABLE_MX_ALPN: 'true',
    },
    values: { telemetry: { enabled: false } },
    streams: true,
  },
}
