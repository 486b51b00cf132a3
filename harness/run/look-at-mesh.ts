import { delimiter } from 'node:path'
import type { RequestAccount } from '#diagnosis/request-account.ts'
import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Istioctl } from '#istio/analyze.ts'
import type { Lab } from '#lab/lab.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { ContextCluster } from '#probes/survey/contexts.ts'
import { survey } from '#probes/survey/survey.ts'
import type { PhaseLog } from './phase-log.ts'

/** A mesh that is looked at, and the istioctl that is asked about it. */
type LookedAt = { clusters: ContextCluster[]; istioNamespace: string; istioctl: Istioctl }

/** The longest time for a diagnosis, in milliseconds: a mesh that does not answer must not delay the verdict. */
const patience = 30_000

/**
 * Diagnoses a mesh as it is now, as the phase `diagnosis`. It only reads, except for `ask`, which sends requests
 * between the run’s own workloads where nothing that was read explains what failed. It changes no verdict and does
 * not throw. It returns undefined where the diagnosis fails.
 */
export const lookAtMesh = async (
  mesh: LookedAt,
  phases: PhaseLog,
  signal: AbortSignal,
  ask?: (signal: AbortSignal) => Promise<RequestAccount[]>,
): Promise<MeshDiagnosis | undefined> => {
  const name = 'diagnosis'
  phases.started(name, Date.now())
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    const diagnosis = await Promise.race([diagnosed(mesh, stop, ask), aborted(stop)])
    phases.ended(name, Date.now(), 'pass')
    return diagnosis
  } catch (error) {
    phases.ended(name, Date.now(), signal.aborted ? 'not-run' : 'fail', error)
    return undefined
  }
}

/** A lab by the contexts of its kubeconfigs, so that a user can type a finding’s command as it is. */
export const contextsOf = ({ clusters, topology, images }: Lab): LookedAt => ({
  clusters: clusters.map(({ kube }) => ({ context: kube.config.getCurrentContext(), kube })),
  istioNamespace: topology.istioNamespace,
  istioctl: {
    program: images.istioctl,
    from: 'lab',
    kubeconfigOf: () => ({ kubeconfig: clusters.map(({ kubeconfig }) => kubeconfig).join(delimiter) }),
  },
})

const diagnosed = async (
  { clusters, istioNamespace, istioctl }: LookedAt,
  signal: AbortSignal,
  ask?: (signal: AbortSignal) => Promise<RequestAccount[]>,
): Promise<MeshDiagnosis> => diagnoseMesh(await survey(clusters, istioNamespace), undefined, signal, istioctl, ask)

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })
