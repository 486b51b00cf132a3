import { partOf } from '#checks/releases.ts'
import type { UpgradeFinding } from '#results/results.ts'
import type { PhaseCase } from './case.ts'
import { found } from './findings.ts'

/**
 * Control planes and proxies that run another release than any of their cluster should after the phase; an istiod has
 * no Envoy, and the probes’ own clients keep the old proxy on purpose. Once the old control plane is removed, that is
 * MP-934.
 */
export const releaseFindings = ({ phase, phases, stages }: PhaseCase): UpgradeFinding[] => {
  const stage = stages[phase.id]
  if (stage === undefined) return []
  const wrong = phase.releases.filter((one) => {
    const part = partOf(one)
    const expected =
      part === 'controlPlanes'
        ? (stage.controlPlanes[one.cluster] ?? [])
        : [stage.workloads[one.cluster], stage.gateways[one.cluster]]
    return (
      part !== 'kept' &&
      !expected.some(
        (release) => release?.istio === one.istio && (part === 'controlPlanes' || release.envoy === one.envoy),
      )
    )
  })
  const removed = phases
    .slice(0, phases.indexOf(phase) + 1)
    .some(({ kind, verdict }) => kind === 'removal' && verdict !== 'not-run')
  const told = wrong.map(
    ({ cluster, workload, istio, envoy }) => `${workload} in ${cluster} runs ${istio}, Envoy ${envoy}`,
  )
  return wrong.length === 0 ? [] : [found(removed ? 'MP-934' : 'MP-939', phase.id, told.join('; '))]
}
