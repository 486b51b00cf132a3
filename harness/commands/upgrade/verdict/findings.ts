import { type Code, upgradeCodes } from '#codes/index.ts'
import type { PhaseId, UpgradeFinding } from '#results/results.ts'

/**
 * The stable codes of an upgrade’s findings (facts of upgrades, “Verdict”). MP-93x name a cause. MP-94x describe
 * losses without a known cause. MP-95x make a verdict inconclusive or a warning.
 */
export type UpgradeCode = keyof typeof upgradeCodes

/** True for a code that only upgrades use. A check during an upgrade may name another code. */
export const isUpgradeCode = (code: Code): code is UpgradeCode => code in upgradeCodes

/**
 * A finding of a phase, as in results.json, with the verdict, cause and hint of its code. `seen` is the evidence in
 * words. `overrides` may replace cause and hint, and add the probe or the check.
 */
export const found = (
  code: UpgradeCode,
  phase: PhaseId,
  seen: string,
  overrides: Partial<Pick<UpgradeFinding, 'cause' | 'hint' | 'probe' | 'check'>> = {},
): UpgradeFinding => {
  const { verdict, cause, fix } = upgradeCodes[code]
  return { verdict, phase, code, cause, hint: fix, seen, ...overrides }
}

/**
 * Whether a finding names a cause that lasts until a person removes it. Later losses between clusters follow from it.
 */
export const isLasting = ({ code }: { code: Code }): boolean => lasting.includes(code)

const lasting: readonly Code[] = ['MP-931', 'MP-932', 'MP-933']
