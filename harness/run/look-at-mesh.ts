import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Lab } from '#lab/lab.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { ContextCluster } from '#probes/survey/contexts.ts'
import { survey } from '#probes/survey/survey.ts'
import type { PhaseLog } from './phase-log.ts'

/** The longest time for a diagnosis, in milliseconds: a mesh that does not answer must not delay the verdict. */
const patience = 30_000

/**
 * Diagnoses a mesh as it is now, only by reading, as the phase `diagnosis`. It changes no verdict and does not throw.
 * It returns undefined where the diagnosis fails.
 */
export const lookAtMesh = async (
  mesh: { clusters: ContextCluster[]; istioNamespace: string },
  phases: PhaseLog,
  signal: AbortSignal,
): Promise<MeshDiagnosis | undefined> => {
  const name = 'diagnosis'
  phases.started(name, Date.now())
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    const diagnosis = await Promise.race([diagnosed(mesh, stop), aborted(stop)])
    phases.ended(name, Date.now(), 'pass')
    return diagnosis
  } catch (error) {
    phases.ended(name, Date.now(), signal.aborted ? 'not-run' : 'fail', error)
    return undefined
  }
}

/** A lab by the contexts of its kubeconfigs, so that a user can type a finding’s command as it is. */
export const contextsOf = ({ clusters, topology }: Lab): { clusters: ContextCluster[]; istioNamespace: string } => ({
  clusters: clusters.map(({ kube }) => ({ context: kube.config.getCurrentContext(), kube })),
  istioNamespace: topology.istioNamespace,
})

const diagnosed = async (
  { clusters, istioNamespace }: { clusters: ContextCluster[]; istioNamespace: string },
  signal: AbortSignal,
): Promise<MeshDiagnosis> => diagnoseMesh(await survey(clusters, istioNamespace), undefined, signal)

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })
