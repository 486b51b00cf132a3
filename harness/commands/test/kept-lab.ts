import { MeshproofError } from '#errors.ts'
import { type Installer, installerOf } from '#images/images.ts'
import type { TopologyPlan } from '#run/plan.ts'
import { loadRun, runIds, type RunState } from '#lab/run-state.ts'
import { defaultIstioNamespace } from '#topology/topology-file.ts'

const namespaceOf = ({ istioNamespace = defaultIstioNamespace }: RunState): string => istioNamespace

/** A lab knows its installer by its images: those of Helm hold Helm. */
const madeWith = ({ images }: RunState): Installer => installerOf(images ?? {})

const named = (state: RunState): string => {
  const flags = [
    ...(namespaceOf(state) === defaultIstioNamespace ? [] : [`--istio-namespace=${namespaceOf(state)}`]),
    ...(madeWith(state) === 'istioctl' ? [] : [`--installer=${madeWith(state)}`]),
  ]
  return flags.length === 0 ? state.id : `${state.id} (${flags.join(' ')})`
}

/**
 * Finds the kept lab that --reuse means: the named lab, or the newest, of the planned topologies. Where an installer is
 * named, it is a lab of that installer.
 * @throws MeshproofError MP-106 when there is none.
 */
export const keptLab = async (
  which: string | boolean,
  plans: TopologyPlan[],
  installer?: Installer,
): Promise<RunState> => {
  const states = await Promise.all((await runIds()).map((id) => loadRun(id)))
  const kept = states.filter((state): state is RunState => state?.kept === true)
  const found = kept.findLast(
    (state) =>
      (typeof which !== 'string' || state.id === which) &&
      (installer === undefined || madeWith(state) === installer) &&
      plans.some(
        ({ topology }) =>
          topology.name === state.topology &&
          topology.mtls === state.mtls &&
          topology.istioNamespace === namespaceOf(state),
      ),
  )
  if (found) return found
  throw new MeshproofError('MP-106', {
    what: typeof which === 'string' ? `No kept lab is called ${which}` : 'No kept lab of that topology exists',
    ...(kept.length > 0 ? { why: `kept: ${kept.map(named).join(', ')}` } : {}),
    next: 'Make one with --keep.',
  })
}
