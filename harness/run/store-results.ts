import { hostname } from 'node:os'
import { MeshproofError } from '#errors.ts'
import { refused } from '#commands/test/existing/permissions.ts'
import { clientOf, type KubeClient } from '#kube/client.ts'
import type { Run } from './reported.ts'
import { inCluster, requireOwnAccount } from '#kube/own-account.ts'
import { resultMap, type Job, type MapPlace } from './result-map.ts'

/** Keeps the results of a run. */
export type Store = (run: Run) => Promise<void>

/**
 * The store that `--results` names, in the pod’s own cluster: `configmap:NAMESPACE/NAME`. Without a name it is that of the pod’s host,
 * which is the Job’s and the index where a Job has indices, whichever attempt it is.
 * @throws MeshproofError MP-172 where this is no pod with an account, and as `storeIn` does.
 */
export const ownStore = (place: string, environment: NodeJS.ProcessEnv = process.env): Promise<Store> => {
  const [namespace = '', name = hostname()] = place.replace('configmap:', '').split('/')
  return storeIn(clientOf(inCluster, requireOwnAccount()), { namespace, name }, jobOf(environment))
}

/**
 * A store that keeps results in a ConfigMap, which a retry writes anew. It is asked for ahead, since a run whose results cannot be kept
 * is in vain.
 * @throws MeshproofError MP-173 when the account may not write it.
 */
export const storeIn = async (kube: KubeClient, { namespace, name }: MapPlace, job: Job | undefined): Promise<Store> => {
  const lacking = await refused(kube, (['create', 'patch'] as const).map((verb) => ({ verb, resource: 'configmaps', namespace })))
  if (lacking.length > 0) {
    throw new MeshproofError('MP-173', { what: 'The results could not be kept: their ConfigMap may not be written', where: `${namespace}/${name}`,
      why: `you may not ${lacking.join(', ')}`, next: 'Apply fixtures/manifests/suites-rbac.yaml, which allows it, or leave out --results.' })
  }
  return (run) => kube.apply([resultMap({ namespace, name }, run, job)])
}

const jobOf = ({ JOB_NAME: name, JOB_UID: uid }: NodeJS.ProcessEnv): Job | undefined => (name && uid ? { name, uid } : undefined)
