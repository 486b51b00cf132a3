import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { selects } from '#diagnosis/selects.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** The service that has an address outside of its cluster, its pods, and those of them that are gateways. */
export const behindAddress = async (
  { reads }: SurveyedCluster,
  address: string,
): Promise<{ service: V1Service; pods: V1Pod[]; gateways: V1Pod[] } | undefined> => {
  const service = (await reads.services()).find((candidate) => outsideAddresses(candidate).includes(address))
  if (!service) return undefined
  const pods = (await reads.podsIn(service.metadata?.namespace ?? '')).filter(({ metadata }) =>
    selects(service, metadata?.labels),
  )
  return { service, pods, gateways: pods.filter(({ spec }) => spec?.containers.some(isRouter)) }
}

const isRouter = ({ args }: { args?: string[] }): boolean => args?.includes('router') ?? false
