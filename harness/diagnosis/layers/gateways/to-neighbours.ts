import { portBehind } from '#diagnosis/addresses.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import type { Way } from './ways.ts'

/** Where no gateway is between clusters, pods reach pods: the way to one pod of a shared service in each neighbour. */
export const waysToNeighbours = async (mesh: Survey, from: SurveyedCluster): Promise<Way[]> => {
  const shared = (await sharedServices(mesh)).flatMap(({ perCluster }) => perCluster)
  const ways = await Promise.all(
    neighboursOf(mesh, from).map(async (neighbour): Promise<Way[]> => {
      const served = shared.find((part) => part.cluster === neighbour && part.addresses.length > 0)
      const [address, first] = [served?.addresses[0], served?.service?.spec?.ports?.[0]]
      const { namespace = '', name = '' } = served?.service?.metadata ?? {}
      const port = first && (await portBehind(neighbour, namespace, name, first))
      return address === undefined || port === undefined
        ? []
        : [
            {
              code: 'MP-888',
              from,
              to: [neighbour],
              address,
              port,
              end: `a pod of ${namespace}/${name} in ${neighbour.name}`,
              // The program in the pod accepts every connection, so there are fewer.
              tries: 15,
            },
          ]
    }),
  )
  return ways.flat()
}

/** The other clusters of a cluster’s network. */
export const neighboursOf = ({ clusters }: Survey, cluster: SurveyedCluster): SurveyedCluster[] =>
  clusters.filter((other) => other !== cluster && other.network === cluster.network)
