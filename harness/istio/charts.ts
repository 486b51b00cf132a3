import type { ChartName } from '#images/charts.ts'
import { gatewayName } from './gateway.ts'
import type { GatewayInstallation, Installation, IstiodInstallation, Values } from './installation.ts'
import { istiodOf } from './revision.ts'

/** A release of Helm: its name, its chart, and the values that differ from the chart’s own. */
export type ChartRelease = { name: string; chart: ChartName; values: Values }

/** An installation as the releases of Helm that it consists of, in the order in which they are installed. */
export const releasesOf = (installation: Installation): ChartRelease[] =>
  installation.part === 'gateway'
    ? [{ name: gatewayName, chart: 'gateway', values: gatewayValues(installation) }]
    : [
        { name: baseRelease, chart: 'base', values: baseValues(installation) },
        { name: istiodOf(installation), chart: 'istiod', values: istiodValues(installation) },
      ]

/** The release of chart `base`, which every revision shares. */
export const baseRelease = 'istio-base'

/** The names of the releases of an installation without a revision. */
export const releaseNamesOf = (part: Installation['part']): string[] =>
  part === 'gateway' ? [gatewayName] : [baseRelease, istiodOf({})]

/**
 * Nothing validates in a remote cluster: istiod gives its webhooks there no certificate. The charts name the failure
 * policy only at the first install, and without it Kubernetes refuses every rule after a second one.
 */
const remoteProfile = { profile: 'remote', base: { validationFailurePolicy: 'Ignore' } }

const baseValues = ({ part, global }: IstiodInstallation): Values => ({
  ...(part === 'remote' ? remoteProfile : {}),
  global: { istioNamespace: global['istioNamespace'] },
})

const istiodValues = ({
  part,
  revision,
  meshConfig,
  hub,
  tag,
  global,
  istiod,
  values,
}: IstiodInstallation): Values => ({
  ...(part === 'remote' ? remoteProfile : {}),
  ...(revision === undefined ? {} : { revision }),
  ...values,
  ...istiod,
  meshConfig,
  // As in Istio’s guide, since 1.24.
  global: { hub, tag, ...global, ...(part === 'remote' ? { configCluster: true } : {}) },
})

/**
 * The chart’s `networkGateway` labels the gateway with its network. A gateway that `meshNetworks` names has no label,
 * so its ports and its view of the network are values of their own. The chart names no image (`auto`: the injector
 * does), and Kubernetes would pull an image without a tag each time.
 */
const gatewayValues = ({ revision, network, labelled, replicas, requests, ports }: GatewayInstallation): Values => ({
  ...(revision === undefined ? {} : { revision }),
  ...(labelled
    ? { networkGateway: network }
    : {
        env: { ISTIO_META_REQUESTED_NETWORK_VIEW: network },
        service: {
          ports: Object.entries(ports).map(([name, port]) => ({ name, port, targetPort: port, protocol: 'TCP' })),
        },
      }),
  imagePullPolicy: 'IfNotPresent',
  autoscaling: { enabled: false },
  replicaCount: replicas,
  resources: { requests },
})
