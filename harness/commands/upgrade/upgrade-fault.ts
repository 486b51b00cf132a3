import { upgradeCodes } from '#codes/index.ts'
import type { CauseCode } from '#results/causes.ts'
import type { Topology } from '#topology/topology-file.ts'
import type { Step } from '#istio/procedure.ts'
import type { PhaseId, Upgrade, UpgradeVerdict } from '#results/results.ts'
import { isUpgradeCode, type UpgradeCode } from '#commands/upgrade/verdict/findings.ts'
import type { Strategy, UpgradeLab, UpgradePhase } from './upgrade-phase.ts'

/** An upgrade that goes wrong in a known way, and the cause that its report must name (issue 6, section 6). */
export type UpgradeFault = {
  name: string
  /** The mistake that causes it: what a person did or forgot, in words. */
  breaks: string
  /** The phase in which it strikes: the first whose steps differ from those of a right upgrade. */
  strikes: PhaseId
  /**
   * The code that the report must name: of a finding of upgrades, or of the cause of a failed check. `nothing` for a
   * disturbance that a healthy upgrade must pass without a warning.
   */
  names: UpgradeCode | CauseCode | 'nothing'
  /** True where it can happen, otherwise the reason why not. Without it, the fault can happen everywhere. */
  applies?: (topology: Topology, strategy: Strategy) => true | string
  /** Turns the phases of a right upgrade into those of a faulty one. It performs nothing. */
  change: (phases: UpgradePhase[], upgrade: UpgradeLab) => UpgradePhase[]
}

/** Changes the steps of one phase and leaves the others as they are. */
export const inPhase = (id: PhaseId, phases: UpgradePhase[], change: (steps: Step[]) => Step[]): UpgradePhase[] =>
  phases.map((phase) => (phase.id === id ? { ...phase, steps: change(phase.steps) } : phase))

/** Why a fault cannot happen with a topology and a strategy; undefined where it can. */
export const impossible = ({ applies }: UpgradeFault, topology: Topology, strategy: Strategy): string | undefined => {
  const answer = applies?.(topology, strategy) ?? true
  return answer === true ? undefined : answer
}

/** The verdict that the code of a fault calls for; `pass` for a disturbance. */
export const verdictOf = ({ names }: Pick<UpgradeFault, 'names'>): UpgradeVerdict =>
  names === 'nothing' ? 'pass' : isUpgradeCode(names) ? upgradeCodes[names].verdict : 'fail'

/**
 * Why a report does not show a fault; undefined where it does. A report shows a fault if it names the code of the
 * fault, and has the verdict that this code calls for, without an earlier finding of that verdict.
 */
export const notShown = (
  { names, strikes }: UpgradeFault,
  { verdict, findings }: Pick<Upgrade, 'verdict' | 'findings'>,
): string | undefined => {
  const wanted = verdictOf({ names })
  if (verdict !== wanted) return `the verdict is ${verdict} and not ${wanted}`
  if (wanted === 'pass') return undefined
  const named = findings.filter((finding) => finding.verdict === wanted)
  if (!named.some(({ code }) => code === names))
    return `it names ${[...new Set(named.map(({ code }) => code))].join(', ') || 'no cause'} and not ${names}`
  const early = findings.find(
    (finding) => finding.verdict === wanted && Number(finding.phase.slice(1)) < Number(strikes.slice(1)),
  )
  return early && `${early.code} is found in ${early.phase}, before the fault strikes in ${strikes}`
}

/** The line that says whether the report of a faulty upgrade shows the fault. */
export const faultLine = (fault: UpgradeFault, upgrade: Parameters<typeof notShown>[1]): string => {
  const why = notShown(fault, upgrade)
  if (fault.names === 'nothing')
    return why === undefined
      ? `✓ ${fault.name}: the upgrade passes all the same`
      : `✗ ${fault.name}: not passed, since ${why}`
  return why === undefined
    ? `✓ ${fault.name}: the report names it, ${fault.names}`
    : `✗ ${fault.name}: not shown, since ${why}`
}
