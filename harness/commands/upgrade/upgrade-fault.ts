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
  /** What somebody did, or forgot. */
  breaks: string
  /** The phase in which it strikes: its steps are the first that differ. */
  strikes: PhaseId
  /** A finding of upgrades, or the cause that a check has for its failure. */
  names: UpgradeCode | CauseCode
  /** Where it can happen, and otherwise why not. */
  applies?: (topology: Topology, strategy: Strategy) => true | string
  /** The phases of a right upgrade made into those of a faulty one. Nothing is done yet. */
  change: (phases: UpgradePhase[], upgrade: UpgradeLab) => UpgradePhase[]
}

/** Changes the steps of one phase and leaves the others as they are. */
export const inPhase = (id: PhaseId, phases: UpgradePhase[], change: (steps: Step[]) => Step[]): UpgradePhase[] =>
  phases.map((phase) => (phase.id === id ? { ...phase, steps: change(phase.steps) } : phase))

/** Why a fault cannot happen there, or undefined where it can. */
export const impossible = ({ applies }: UpgradeFault, topology: Topology, strategy: Strategy): string | undefined => {
  const answer = applies?.(topology, strategy) ?? true
  return answer === true ? undefined : answer
}

/** The verdict that what a fault names calls for. */
export const verdictOf = ({ names }: Pick<UpgradeFault, 'names'>): UpgradeVerdict =>
  isUpgradeCode(names) ? upgradeCodes[names].verdict : 'fail'

/**
 * Why a report does not show what a fault did, or undefined where it does: the fault’s cause is named, and the
 * verdict is the one that it calls for.
 */
export const notShown = (
  { names, strikes }: UpgradeFault,
  { verdict, findings }: Pick<Upgrade, 'verdict' | 'findings'>,
): string | undefined => {
  const wanted = verdictOf({ names })
  if (verdict !== wanted) return `the verdict is ${verdict} and not ${wanted}`
  const named = findings.filter((finding) => finding.verdict === wanted)
  if (!named.some(({ code }) => code === names))
    return `it names ${[...new Set(named.map(({ code }) => code))].join(', ') || 'no cause'} and not ${names}`
  const early = findings.find(
    (finding) => finding.verdict === wanted && Number(finding.phase.slice(1)) < Number(strikes.slice(1)),
  )
  return early && `${early.code} is found in ${early.phase}, before the fault strikes in ${strikes}`
}

/** The line that says whether a faulty upgrade was seen through. */
export const faultLine = (fault: UpgradeFault, upgrade: Parameters<typeof notShown>[1]): string => {
  const why = notShown(fault, upgrade)
  return why === undefined
    ? `✓ ${fault.name}: the report names it, ${fault.names}`
    : `✗ ${fault.name}: not shown, since ${why}`
}
