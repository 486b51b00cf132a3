import { ifAsked, kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { lastWordsOf } from '#diagnosis/last-words.ts'
import { troubleOf } from '#diagnosis/pod-trouble.ts'
import { isReady } from '#kube/pods.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { wrongDiscoveryAddress } from './discovery-address.ts'
import { rootsNotHandedOut } from './handed-out-root.ts'
import { wrongInjectionPath } from './injection-path.ts'
import { unreadValidators, webhookProblems } from './injectors.ts'
import { closedIstiodService } from './istiod-service.ts'
import { refusedMeshConfig } from './refused-config.ts'
import { sidecarProblems } from './sidecars.ts'
import { starvedIstiod } from './starved-istiod.ts'

/**
 * istiod runs and has time to, every cluster’s webhooks lead to it with the right certificate, pods get the sidecars
 * that their namespaces ask for (istio/istio#42327, istio/istio#42942), and namespaces the root certificate that
 * sidecars mount.
 */
export const controlPlane: Layer = {
  name: 'control',
  look: async (mesh, probe) => {
    const primaries = primariesOf(mesh)
    if (primaries.length === 0) return { seen: '', findings: [noControlPlane(mesh)] }
    const istiods = await Promise.all(
      primaries.map(async (cluster) => ({ cluster, pods: await cluster.reads.istiodPods() })),
    )
    const down = await Promise.all(istiods.filter(({ pods }) => !pods.some(isReady)).map(notReady))
    if (down.length > 0) return { findings: down, seen: '' }
    const perCluster = await Promise.all(
      mesh.clusters.map(async (cluster) => [
        ...(await webhookProblems(cluster)),
        ...(await wrongInjectionPath(cluster)),
        ...(await wrongDiscoveryAddress(cluster, servedBy(mesh, cluster))),
        ...(await sidecarProblems(mesh, cluster)),
        ...(await refusedMeshConfig(cluster)),
      ]),
    )
    const closed = await Promise.all(primaries.map((cluster) => ifAsked(closedIstiodService(cluster))))
    const starved = await Promise.all(istiods.map(({ cluster, pods }) => starvedIstiod(cluster, pods)))
    const roots = await Promise.all(mesh.clusters.map((cluster) => rootsNotHandedOut(mesh, cluster)))
    const notes = await Promise.all(mesh.clusters.map(unreadValidators))
    const findings = [
      ...closed.flat(),
      ...starved.flat(),
      ...perCluster.flat(),
      ...roots.flatMap((root) => root.findings),
    ]
    const ofNewPods = findings.length > 0 ? [] : ((await probe?.newPods()) ?? [])
    const ready = istiods.map(
      ({ cluster, pods }) => `${hostOf(cluster).name} ${pods.filter(isReady).length} istiod ready`,
    )
    return {
      findings: [...findings, ...ofNewPods],
      notes: [...notes.flat(), ...roots.flatMap((root) => root.notes)],
      seen:
        `${ready.join(', ')}; injectors of ${mesh.clusters.map(({ name }) => name).join(', ')} lead there` +
        (probe ? ', and inject' : ''),
    }
  },
}

const noControlPlane = ({ clusters, istioNamespace }: Survey): Finding => ({
  code: 'MP-852',
  where: clusters.map(({ name }) => name).join(', '),
  evidence: [`no deployment labelled app=istiod in ${istioNamespace} of any of them`],
  fix: 'kubectl config get-contexts',
})

const notReady = async ({
  cluster,
  pods,
}: {
  cluster: SurveyedCluster
  pods: Awaited<ReturnType<SurveyedCluster['reads']['istiodPods']>>
}): Promise<Finding> => ({
  code: 'MP-851',
  where: hostOf(cluster).name,
  evidence: [
    pods.length === 0
      ? `no pod labelled app=istiod is in ${cluster.istioNamespace}: is its deployment scaled to 0?`
      : `no pod labelled app=istiod in ${cluster.istioNamespace} is ready`,
    ...pods.flatMap((pod) => {
      const trouble = troubleOf(pod, Date.now())
      return trouble ? [`${pod.metadata?.name ?? ''}: ${trouble.said}`] : []
    }),
    ...(pods[0] ? await lastWordsOf(hostOf(cluster), pods[0], 'discovery') : []),
  ],
  fix: kubectl(hostOf(cluster), `-n ${cluster.istioNamespace} describe deployment istiod`),
})
