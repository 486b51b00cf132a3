import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Lab } from '#lab/lab.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { ContextCluster } from '#survey/contexts.ts'
import { survey } from '#survey/survey.ts'
import type { PhaseLog } from './phase-log.ts'

/** Milliseconds that a look may take: a mesh that does not answer keeps nobody from its verdict. */
const patience = 30_000

/**
 * Diagnoses a mesh as it is now, by reading alone, as the phase `diagnosis`. Whatever becomes of it changes no verdict,
 * and it does not throw: where it cannot be made, it is undefined.
 */
export const lookAtMesh = async (
  clusters: ContextCluster[],
  phases: PhaseLog,
  signal: AbortSignal,
): Promise<MeshDiagnosis | undefined> => {
  const name = 'diagnosis'
  phases.started(name, Date.now())
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    const diagnosis = await Promise.race([diagnosed(clusters, stop), aborted(stop)])
    phases.ended(name, Date.now(), 'pass')
    return diagnosis
  } catch (error) {
    phases.ended(name, Date.now(), signal.aborted ? 'not-run' : 'fail', error)
    return undefined
  }
}

/** A lab’s clusters by the contexts of their kubeconfigs, so that a command of a finding can be typed as it stands. */
export const contextsOf = ({ clusters }: Lab): ContextCluster[] =>
  clusters.map(({ kube }) => ({ context: kube.config.getCurrentContext(), kube }))

const diagnosed = async (clusters: ContextCluster[], signal: AbortSignal): Promise<MeshDiagnosis> =>
  diagnoseMesh(await survey(clusters), undefined, signal)

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })
