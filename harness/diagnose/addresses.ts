import type { SurveyedCluster } from '../existing/survey.ts'

/** The ready addresses behind a service of a cluster, from its API server; empty where it has none or does not exist. */
export const addressesBehind = async ({ reads }: SurveyedCluster, namespace: string, service: string): Promise<string[]> =>
  [...new Set((await reads.slices()).filter(({ metadata }) => metadata?.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === service)
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses))))].sort()
