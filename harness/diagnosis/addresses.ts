import type { V1EndpointSlice } from '@kubernetes/client-node'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { readyAddresses } from '#kube/endpoint-slices.ts'

const slicesOf = async ({ reads }: SurveyedCluster, namespace: string, service: string): Promise<V1EndpointSlice[]> =>
  (await reads.slices()).filter(
    ({ metadata }) => metadata?.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === service,
  )

/**
 * The ready addresses behind a service of a cluster, from its API server; empty where it has none or does not exist.
 */
export const addressesBehind = async (
  cluster: SurveyedCluster,
  namespace: string,
  service: string,
): Promise<string[]> => [...new Set(readyAddresses(await slicesOf(cluster, namespace, service)))].sort()

/**
 * The port that a service’s port leads to in its pods, whether the service gives its number or its name; undefined
 * where no pod has it.
 */
export const portBehind = async (
  cluster: SurveyedCluster,
  namespace: string,
  service: string,
  port: { name?: string },
): Promise<number | undefined> =>
  (await slicesOf(cluster, namespace, service))
    .flatMap(({ ports }) => ports ?? [])
    .find(({ name }) => (name ?? '') === (port.name ?? ''))?.port
