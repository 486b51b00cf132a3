import { MeshproofError } from '#errors.ts'
import { gatewaysOf, type Installer, installerOf } from '#images/images.ts'
import type { TopologyPlan } from '#run/plan.ts'
import { loadRun, runIds, type RunState } from '#lab/run-state.ts'
import { defaultIstioNamespace, type Gateways } from '#topology/topology-file.ts'

const namespaceOf = ({ istioNamespace = defaultIstioNamespace }: RunState): string => istioNamespace

/** A lab knows its installer by its images: those of Helm hold Helm. */
const madeWith = ({ images }: RunState): Installer => installerOf(images ?? {})

/** Likewise its gateways: the images hold the Gateway API. */
const gatewaysIn = ({ images }: RunState): Gateways => gatewaysOf(images ?? {})

const named = (state: RunState): string => {
  const flags = [
    ...(namespaceOf(state) === defaultIstioNamespace ? [] : [`--istio-namespace=${namespaceOf(state)}`]),
    ...(madeWith(state) === 'istioctl' ? [] : [`--installer=${madeWith(state)}`]),
    ...(gatewaysIn(state) === 'classic' ? [] : [`--gateways=${gatewaysIn(state)}`]),
  ]
  return flags.length === 0 ? state.id : `${state.id} (${flags.join(' ')})`
}

/**
 * Finds the kept lab that --reuse means: the named lab, or the newest, of the planned topologies. Where an installer or
 * a kind of gateways is named, it is a lab of that installer, or with such gateways.
 * @throws MeshproofError MP-106 when there is none.
 */
export const keptLab = async (
  which: string | boolean,
  plans: TopologyPlan[],
  installer?: Installer,
  gateways?: Gateways,
): Promise<RunState> => {
  const states = await Promise.all((await runIds()).map((id) => loadRun(id)))
  const kept = states.filter((state): state is RunState => state?.kept === true)
  const found = kept.findLast(
    (state) =>
      (typeof which !== 'string' || state.id === which) &&
      (installer === undefined || madeWith(state) === installer) &&
      (gateways === undefined || gatewaysIn(state) === gateways) &&
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
