import { api } from '#diagnosis/layers/api.ts'
import { controlPlane } from '#diagnosis/layers/control-plane.ts'
import { endpoints } from '#diagnosis/layers/endpoints.ts'
import { gateways } from '#diagnosis/layers/gateways.ts'
import { liveSync } from '#diagnosis/layers/live-sync.ts'
import { networks } from '#diagnosis/layers/networks.ts'
import { ranges } from '#diagnosis/layers/ranges.ts'
import { remoteSecrets } from '#diagnosis/layers/remote-secrets.ts'
import { requests } from '#diagnosis/layers/requests.ts'
import { services } from '#diagnosis/layers/services.ts'
import { trust } from '#diagnosis/layers/trust.ts'
import type { Layer } from './layer.ts'

/** The layers of a mesh, from the bottom: the API servers first, and last whole requests. */
export const ladder: readonly Layer[] = [
  api,
  ranges,
  networks,
  trust,
  controlPlane,
  remoteSecrets,
  liveSync,
  services,
  gateways,
  endpoints,
  requests,
]
