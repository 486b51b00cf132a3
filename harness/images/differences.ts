import type { ImageSource } from './images.ts'

/** The settings that a mesh needs because of where its images come from. */
export type Difference = {
  /** Environment variables of istiod. */
  istiod: Record<string, string>
  /** Values of the installation. */
  values: Record<string, unknown>
  /** True where the workloads also answer with long streams. */
  streams: boolean
}

/**
 * The differences between published images and images that are built here. The latter have upstream Envoy, which lacks
 * Istio’s filters, and helloworld is a program of this project. Published images need no such settings.
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
