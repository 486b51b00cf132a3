import type { AnalysisMessage } from '#istio/analyze.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'

/** The layer of a message, by its code (istio.io, “Configuration Analysis Messages”). */
const byCode: Readonly<Record<string, MeshLayer>> = {
  IST0109: 'route',
  IST0110: 'interception',
  IST0111: 'interception',
  IST0112: 'route',
  IST0139: 'control',
  IST0143: 'server',
  IST0145: 'gateways',
  IST0147: 'workloads',
  IST0149: 'route',
  IST0152: 'route',
  IST0153: 'route',
  IST0154: 'route',
  IST0156: 'control',
  IST0161: 'gateways',
}

/** Codes that many kinds of objects have: what is referenced does not exist, or a field is refused. */
const ofAnyKind = ['IST0101', 'IST0106']

const byKind: Readonly<Record<string, MeshLayer>> = {
  VirtualService: 'route',
  EnvoyFilter: 'route',
  Gateway: 'gateways',
  KubernetesGateway: 'gateways',
  HTTPRoute: 'route',
  Sidecar: 'interception',
  DestinationRule: 'transport',
  PeerAuthentication: 'transport',
  AuthorizationPolicy: 'server',
  RequestAuthentication: 'server',
  ServiceEntry: 'services',
  WorkloadEntry: 'services',
  MeshConfig: 'control',
}

/** The layer that a message belongs to; undefined for what breaks no request, or is not known. */
export const layerOfMessage = ({ code, object }: AnalysisMessage): MeshLayer | undefined =>
  byCode[code] ?? (ofAnyKind.includes(code) ? byKind[object.split(' ')[0] ?? ''] : undefined)
