import { partOf } from '#checks/releases.ts'
import type { UpgradeFinding } from '#results/results.ts'
import type { PhaseCase } from './case.ts'
import { found } from './findings.ts'

/**
 * A finding for the control planes and proxies that run a release which their cluster must not have after the phase. An
 * istiod has no Envoy to compare. The probes’ own clients are left out, since they keep the old proxy on purpose. The
 * code is MP-939, or MP-934 once the old control plane is removed.
 */
export const releaseFindings = ({ phase, phases, stages }: PhaseCase): UpgradeFinding[] => {
  const stage = stages[phase.id]
  if (stage === undefined) return []
  const wrong = phase.releases.filter((running) => {
    const part = partOf(running)
    const expected =
      part === 'controlPlanes'
        ? (stage.controlPlanes[running.cluster] ?? [])
        : [stage.workloads[running.cluster], stage.gateways[running.cluster]]
    return (
      part !== 'kept' &&
      !expected.some(
        (release) => release?.istio === running.istio && (part === 'controlPlanes' || release.envoy === running.envoy),
      )
    )
  })
  const removed = phases
    .slice(0, phases.indexOf(phase) + 1)
    .some(({ kind, verdict }) => kind === 'removal' && verdict !== 'not-run')
  const lines = wrong.map(
    ({ cluster, workload, istio, envoy }) => `${workload} in ${cluster} runs ${istio}, Envoy ${envoy}`,
  )
  return wrong.length === 0 ? [] : [found(removed ? 'MP-934' : 'MP-939', phase.id, lines.join('; '))]
}
