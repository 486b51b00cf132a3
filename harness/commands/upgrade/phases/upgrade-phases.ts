import type { UpgradeOptions } from '#commands/upgrade/options.ts'
import type { LiveTraffic } from '#commands/upgrade/traffic/traffic.ts'
import type { UpgradeFault } from '#commands/upgrade/upgrade-fault.ts'
import type { UpgradeLab, UpgradePhase } from '#commands/upgrade/upgrade-phase.ts'
import { baselineOf, phasesOf } from './phases.ts'
import { refusal } from './preflight-problem.ts'
import { preflight } from './preflight.ts'

/** Every phase of an upgrade, the preflight and the baseline first. A fault changes the phases that it strikes. */
export const phasesFor = (
  upgrade: UpgradeLab,
  traffic: LiveTraffic,
  fault: UpgradeFault | undefined,
  options: Pick<UpgradeOptions, 'rotateCa' | 'rollback'>,
): UpgradePhase[] => {
  const phases: UpgradePhase[] = [
    {
      id: 'P0',
      name: 'preflight',
      kind: 'preflight',
      steps: [{ name: 'no reason to refuse the upgrade', run: () => requireNoProblems(upgrade) }],
    },
    {
      id: 'P1',
      name: 'baseline',
      kind: 'baseline',
      steps: [{ name: 'traffic begins inside the pods', run: (_, signal) => traffic.begin(signal) }],
      after: baselineOf(upgrade),
    },
    ...phasesOf(upgrade, options),
  ]
  return fault ? fault.change(phases, upgrade) : phases
}

const requireNoProblems = async (upgrade: UpgradeLab): Promise<void> => {
  const problems = await preflight(upgrade)
  if (problems.length > 0) throw refusal(problems)
}
