import { istiodApi } from '#istio/istiod-pods.ts'
import { reasonOf } from '#errors.ts'
import { variableOf } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import { watchedClusters } from '#probes/istiod.ts'
import { complaintAbout, istiodLog, type Complaint } from '#probes/istiod-log.ts'
import { type RemoteEntry, remoteEntries } from '#probes/survey/remote-secrets.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** How a control plane sees the clusters that its remote secrets name. */
export type ControlPlaneView = {
  entries: RemoteEntry[]
  /** Options of kubeconfigs that it does not refuse. */
  allowed: string[]
  /** Whether it reads the TLS secrets of remote clusters. */
  readsSecrets: boolean
  /** Where it reads kubeconfigs from files of its own pod, and no secret. */
  fromFiles: string | undefined
  /** Whether every istiod has a cluster synced, and by which secret; undefined where none says. */
  stateOf: (cluster: string) => { synced: boolean; secrets: string[]; words: string } | undefined
  /** What an istiod last said that is wrong with the cluster of an entry. */
  complaint: (entry: RemoteEntry) => Promise<Complaint | undefined>
}

/** istiods of a control plane that are asked: their answers are nearly always the same. */
const mostAsked = 3

/** Looks at a control plane’s side of its remote secrets. */
export const controlPlaneView = async (cluster: SurveyedCluster): Promise<ControlPlaneView> => {
  const { reads } = cluster
  const kube = istiodApi(cluster)
  const [secrets, deployments, pods] = await Promise.all([reads.secrets(), reads.istiods(), reads.istiodPods()])
  const containers = deployments.map(({ spec }) =>
    spec?.template.spec?.containers.find(({ name }) => name === 'discovery'),
  )
  const options = containers.map((container) =>
    (variableOf(container, 'PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS') ?? '').split(',').filter(Boolean),
  )
  const asked = pods.filter(isReady).slice(0, mostAsked)
  const replies = await Promise.all(
    asked.map(({ metadata }) => watchedClusters(cluster, metadata?.name).catch(() => undefined)),
  )
  const answers = replies.filter((answer) => answer !== undefined)
  const logs = new Map<string, Promise<string>>()
  const logOf = (namespace: string, pod: string): Promise<string> => {
    const log = logs.get(pod) ?? istiodLog(kube, namespace, pod).catch((error: unknown) => `no log: ${reasonOf(error)}`)
    logs.set(pod, log)
    return log
  }
  return {
    entries: remoteEntries(secrets),
    allowed: options[0]?.filter((option) => options.every((list) => list.includes(option))) ?? [],
    readsSecrets: containers.some(
      (container) => variableOf(container, 'PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER') !== 'false',
    ),
    fromFiles: containers.map((container) => variableOf(container, 'PILOT_MULTICLUSTER_KUBECONFIG_PATH')).find(Boolean),
    stateOf: (name) => {
      if (answers.length === 0) return undefined
      const known = answers.map((clusters) => clusters.find(({ id }) => id === name))
      return {
        synced: known.every((state) => state?.syncStatus === 'synced'),
        secrets: [
          ...new Set(known.flatMap((state) => (state?.secretName ? [state.secretName.split('/').at(-1) ?? ''] : []))),
        ],
        words: [...new Set(known.map((state) => state?.syncStatus ?? 'not watched'))].join(', '),
      }
    },
    complaint: async ({ key, secret, created }) => {
      for (const { metadata } of asked) {
        const log = await logOf(metadata?.namespace ?? '', metadata?.name ?? '')
        const complaint = complaintAbout(log, key, secret, created)
        if (complaint) return complaint
      }
      return undefined
    },
  }
}
