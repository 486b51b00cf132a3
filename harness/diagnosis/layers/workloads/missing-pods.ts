import type { V1Deployment, V1Service } from '@kubernetes/client-node'
import { reasonOf } from '#errors.ts'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { meshNamespacesOf } from '#diagnosis/mesh-namespaces.ts'
import { selects } from '#diagnosis/selects.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * Deployments of mesh namespaces whose pods are not there: scaled to nothing while a service of the mesh has no other
 * pod in that cluster, or refused by the API server. Where deployments cannot be read, a note says so.
 */
export const missingPods = async (mesh: Survey): Promise<{ findings: Finding[]; notes: string[] }> => {
  const perCluster = await Promise.all(
    mesh.clusters.map(async (cluster) => {
      try {
        return { findings: await missingIn(mesh, cluster), notes: [] }
      } catch (error) {
        return { findings: [], notes: [`deployments of ${cluster.name} were not looked at: ${reasonOf(error)}`] }
      }
    }),
  )
  return {
    findings: perCluster.flatMap(({ findings }) => findings),
    notes: perCluster.flatMap(({ notes }) => notes),
  }
}

const missingIn = async (mesh: Survey, cluster: SurveyedCluster): Promise<Finding[]> => {
  const [deployments, namespaces] = await Promise.all([cluster.reads.deployments(), meshNamespacesOf(cluster)])
  const ofMesh = deployments.filter(({ metadata }) => namespaces.has(metadata?.namespace ?? ''))
  return [...ofMesh.flatMap((deployment) => refused(cluster, deployment)), ...(await unserved(mesh, cluster, ofMesh))]
}

const refused = (cluster: SurveyedCluster, { metadata, status }: V1Deployment): Finding[] => {
  const failure = status?.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
  // Some of the newest pods are there and answer: a quota keeps it from growing.
  if (!failure || ((status?.updatedReplicas ?? 0) > 0 && (status?.availableReplicas ?? 0) > 0)) return []
  const { namespace = '', name = '' } = metadata ?? {}
  return [
    {
      code: 'MP-967',
      where: `${cluster.name} ${namespace}/${name}`,
      evidence: [`${failure.reason ?? ''}: ${(failure.message ?? '').slice(0, 400)}`],
      fix: kubectl(cluster, `-n ${namespace} describe replicasets`),
      clusters: [cluster.name],
    },
  ]
}

/** A deployment that is scaled to nothing, so that services have no pod in its cluster. */
export const scaledToNothing = (
  code: 'MP-961' | 'MP-839',
  cluster: SurveyedCluster,
  { metadata }: V1Deployment,
  services: string[],
): Finding => {
  const { namespace = '', name = '' } = metadata ?? {}
  return {
    code,
    where: `${cluster.name} ${namespace}/${name}`,
    evidence: [
      `deployment ${name} asks for 0 replicas, so the service ${services.join(', ')} has no pod in ${cluster.name}`,
    ],
    fix: kubectl(cluster, `-n ${namespace} scale deployment ${name} --replicas=1`),
    clusters: [cluster.name],
  }
}

/**
 * Services that other clusters have as well, without any pod in this one, where a deployment with their labels is
 * scaled to nothing. What one cluster has alone may be meant to rest. Where another cluster answers, this one may be
 * meant to stand by, which is worth a word and no problem.
 */
const unserved = async (mesh: Survey, cluster: SurveyedCluster, deployments: V1Deployment[]): Promise<Finding[]> => {
  const idle = deployments.filter(({ spec }) => spec?.replicas === 0)
  if (idle.length === 0) return []
  const [services, pods] = await Promise.all([cluster.reads.services(), cluster.reads.pods()])
  const others = mesh.clusters.filter((other) => other !== cluster)
  const elsewhere = await Promise.all(others.map((other) => other.reads.services().catch(() => [])))
  const isShared = ({ metadata }: V1Service): boolean =>
    elsewhere
      .flat()
      .some((other) => other.metadata?.name === metadata?.name && other.metadata?.namespace === metadata?.namespace)
  const isAnswered = async ({ metadata }: V1Service): Promise<boolean> => {
    const addresses = others.map((other) => addressesBehind(other, metadata?.namespace ?? '', metadata?.name ?? ''))
    return (await Promise.all(addresses)).flat().length > 0
  }
  const perDeployment = idle.map(async (deployment): Promise<Finding[]> => {
    const namespace = deployment.metadata?.namespace
    const empty = services.filter(
      (service) =>
        service.metadata?.namespace === namespace &&
        isShared(service) &&
        selects(service, deployment.spec?.template.metadata?.labels) &&
        !pods.some(
          ({ metadata, status }) =>
            metadata?.namespace === namespace && status?.phase === 'Running' && selects(service, metadata?.labels),
        ),
    )
    if (empty.length === 0) return []
    const code = (await Promise.all(empty.map(isAnswered))).includes(false) ? 'MP-961' : 'MP-839'
    return [
      scaledToNothing(
        code,
        cluster,
        deployment,
        empty.map(({ metadata }) => metadata?.name ?? ''),
      ),
    ]
  })
  return (await Promise.all(perDeployment)).flat()
}
