import { api } from '#diagnosis/layers/api.ts'
import { controlPlane } from '#diagnosis/layers/control/control.ts'
import { dns } from '#diagnosis/layers/dns.ts'
import { endpoints } from '#diagnosis/layers/endpoints/endpoints.ts'
import { gateways } from '#diagnosis/layers/gateways/gateways.ts'
import { interception } from '#diagnosis/layers/interception.ts'
import { liveSync } from '#diagnosis/layers/live-sync.ts'
import { networks } from '#diagnosis/layers/networks.ts'
import { ranges } from '#diagnosis/layers/ranges.ts'
import { remoteSecrets } from '#diagnosis/layers/remote-secrets.ts'
import { requests } from '#diagnosis/layers/requests.ts'
import { route } from '#diagnosis/layers/route.ts'
import { server } from '#diagnosis/layers/server/server.ts'
import { services } from '#diagnosis/layers/services.ts'
import { transport } from '#diagnosis/layers/transport.ts'
import { trust } from '#diagnosis/layers/trust/trust.ts'
import { workloads } from '#diagnosis/layers/workloads/workloads.ts'
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
  workloads,
  dns,
  services,
  gateways,
  interception,
  route,
  endpoints,
  transport,
  server,
  requests,
]
