import type { ExistingMeshCluster } from '#checks/existing-target.ts'
import type { Withheld } from '#checks/target.ts'
import { reasonOf } from '#errors.ts'
import { missingPermissions, type Permission } from '#kube/permissions.ts'
import { hostOf, type SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'

/**
 * What an existing mesh withholds from the checks, with the reasons that skipped checks give. Whether packets can be
 * captured is known only later, when a pod tries.
 */
export const withheldBy = async (
  clusters: SurveyedCluster[],
  found: Pick<ExistingMeshCluster, 'discovery' | 'gateway' | 'name'>[],
): Promise<Withheld> => {
  const primaries = primariesOf({ clusters })
  const withoutIstiod = clusters.filter((cluster) => !primaries.some((primary) => hostOf(primary) === cluster))
  const withheld = {
    ranges: await firstReason(clusters, async ({ reads }) => {
      const [nodes, services] = await Promise.all([reads.nodes(), reads.serviceCidrs()])
      return nodes.some(({ spec }) => spec?.podCIDRs?.length) && services.length > 0
        ? undefined
        : 'its API server does not tell the ranges of its pods and services'
    }),
    cacerts: await firstReason(clusters, async ({ reads }) =>
      (await reads.secrets()).some(({ metadata }) => metadata?.name === 'cacerts')
        ? undefined
        : 'it has no cacerts: its certificate authority is of another kind',
    ),
    'remote secrets': await firstReason(primaries, async ({ reads }) => {
      await reads.secrets()
    }),
    istiod: await firstReason(primaries.map(hostOf), (cluster) =>
      notAllowed(cluster, {
        verb: 'create',
        resource: 'pods',
        subresource: 'portforward',
        namespace: cluster.istioNamespace,
      }),
    ),
    gateways: await firstReason(clusters, async (cluster) => {
      const namespace = found.find(({ name }) => name === cluster.name)?.gateway?.service.namespace
      return namespace === undefined
        ? undefined
        : notAllowed(cluster, { verb: 'create', resource: 'pods', subresource: 'portforward', namespace })
    }),
    'access log': await firstReason(primaries, (cluster) =>
      notAllowed(cluster, { verb: 'create', group: 'networking.istio.io', resource: 'envoyfilters' }),
    ),
    'discovery addresses': await firstReason(withoutIstiod, async ({ name, reads, istioNamespace }) => {
      const service = found.find((cluster) => cluster.name === name)?.discovery.split('.')[0]
      const slices = (await reads.slices()).filter(
        ({ metadata }) =>
          metadata?.namespace === istioNamespace && metadata.labels?.['kubernetes.io/service-name'] === service,
      )
      return slices.some(({ endpoints }) => endpoints?.length) ? undefined : 'its service of istiod names no addresses'
    }),
    capture: await firstReason(clusters, async ({ reads }) => {
      const { length } = await reads.nodes()
      return length === 1 ? undefined : `it has ${length} nodes, and what crosses passes any of them`
    }),
  }
  return {
    ...withheld,
    meshNetworks: 'meshNetworks is not ours to change',
    disruption: 'it is not ours to disrupt',
    zones: 'pods in zones of their own are deployed in labs alone',
    'separate networks': 'its networks may be joined beneath the mesh',
    'gateway log': 'the gateways’ log has a format of its own',
  }
}

/** The reason of the first cluster that has one, with the cluster’s name. A failed read is a reason too. */
const firstReason = async (
  clusters: SurveyedCluster[],
  reasonIn: (cluster: SurveyedCluster) => Promise<string | undefined | void>,
): Promise<string | undefined> => {
  const reasons = await Promise.all(
    clusters.map(async (cluster) => ({
      name: cluster.name,
      reason: await reasonIn(cluster).catch((error: unknown) => reasonOf(error)),
    })),
  )
  return reasons.flatMap(({ name, reason }) => (reason ? [`${name}: ${reason}`] : []))[0]
}

const notAllowed = async ({ kube }: SurveyedCluster, permission: Permission): Promise<string | undefined> => {
  const [missing] = await missingPermissions(kube, [permission])
  return missing === undefined ? undefined : `you may not ${missing}`
}
