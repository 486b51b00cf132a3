import type { KubernetesObject } from '@kubernetes/client-node'
import type { Vantage } from '#probes/dial.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import type { GatewayService } from './network-gateways.ts'

/** An object of Kubernetes by namespace and name: `shop/cart-1`. */
export const placeOf = ({ metadata }: KubernetesObject): string =>
  `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`

/** A gateway’s service in words: `cluster1 istio-system/istio-eastwestgateway`. */
export const gatewayPlace = ({ cluster, service }: GatewayService): string => `${cluster.name} ${placeOf(service)}`

/** A pod that dials, in words: `istio-system/istio-eastwestgateway-1 of cluster1`. */
export const vantagePlace = ({ namespace, pod }: Vantage, { name }: Pick<SurveyedCluster, 'name'>): string =>
  `${namespace}/${pod} of ${name}`
