import { gatewayLabel } from './gateway.ts'
import type { GatewayInstallation, Installation, IstiodInstallation, Values } from './installation.ts'
import type { OperatorSpec } from './istioctl.ts'
import { istiodOf } from './revision.ts'

/** An installation as the operator that istioctl takes. */
export const operatorOf = (installation: Installation): OperatorSpec => {
  switch (installation.part) {
    case 'gateway':
      return gatewayOperator(installation)
    case 'remote':
      return withOptions({ ...istiodOperator(installation), profile: 'remote' }, installation.operator ?? {})
    case 'control-plane':
      return withOptions(
        {
          ...istiodOperator(installation),
          profile: 'minimal',
          components: { pilot: { k8s: { overlays: [quickEnd(installation)], readinessProbe: quicklyReady } } },
        },
        installation.operator ?? {},
      )
  }
}

const imagesAndMesh = ({ hub, tag, revision, meshConfig }: Installation): OperatorSpec => ({
  hub,
  tag,
  ...(revision === undefined ? {} : { revision }),
  meshConfig,
})

const istiodOperator = (installation: IstiodInstallation): OperatorSpec => ({
  ...imagesAndMesh(installation),
  values: { global: installation.global, pilot: installation.istiod, ...installation.values },
})

/** A control plane’s readiness is asked every second and not every third, since all else waits for it. */
const quicklyReady = {
  httpGet: { path: '/ready', port: 8080 },
  initialDelaySeconds: 1,
  periodSeconds: 1,
  timeoutSeconds: 5,
}

/**
 * Ends istiod sooner. An istiod that serves remote clusters does not end by itself after SIGTERM: it is killed after
 * 30 s. Until then it leads the elections of the remote clusters, and no other istiod writes the root into a new
 * namespace there.
 */
const quickEnd = (installation: IstiodInstallation): object => ({
  kind: 'Deployment',
  name: istiodOf(installation),
  patches: [{ path: 'spec.template.spec.terminationGracePeriodSeconds', value: 5 }],
})

const gatewayOperator = (installation: GatewayInstallation): OperatorSpec => {
  const { name, istioNamespace, network, labelled, replicas, requests, ports, global } = installation
  return {
    ...imagesAndMesh(installation),
    profile: 'empty',
    components: {
      ingressGateways: [
        {
          name,
          namespace: istioNamespace,
          label: {
            ...gatewayLabel,
            app: name,
            ...(labelled ? { 'topology.istio.io/network': network } : {}),
          },
          enabled: true,
          k8s: {
            env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: network }],
            replicaCount: replicas,
            service: {
              ports: Object.entries(ports).map(([portName, port]) => ({ name: portName, port, targetPort: port })),
            },
          },
        },
      ],
    },
    values: {
      gateways: {
        'istio-ingressgateway': {
          injectionTemplate: 'gateway',
          autoscaleEnabled: false,
          resources: { requests },
        },
      },
      global,
    },
  }
}

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** An operator with options of a topology file over its own: maps are merged, everything else is replaced. */
const withOptions = (spec: Values, options: Values): Values => ({
  ...spec,
  ...Object.fromEntries(
    Object.entries(options).map(([key, option]) => {
      const own = spec[key]
      return [key, isMap(own) && isMap(option) ? withOptions(own, option) : option]
    }),
  ),
})
