import { type Code, upgradeCodes } from '#codes/index.ts'
import type { PhaseId, UpgradeFinding } from '#results/results.ts'

/**
 * What an upgrade’s verdict can rest on, by its stable code (facts of upgrades, “Verdict”). MP-93x name a cause,
 * MP-94x say what was lost where none is known, MP-95x are what leaves a verdict open, or green with something to look
 * at.
 */
export type UpgradeCode = keyof typeof upgradeCodes

/** True for a code that upgrades have of their own; a check of an upgrade may name another. */
export const isUpgradeCode = (code: Code): code is UpgradeCode => code in upgradeCodes

/**
 * What was found in a phase, as results.json tells it: the code’s cause and hint, or those that are given, with what
 * was seen.
 */
export const found = (
  code: UpgradeCode,
  phase: PhaseId,
  seen: string,
  of: Partial<Pick<UpgradeFinding, 'cause' | 'hint' | 'probe' | 'check'>> = {},
): UpgradeFinding => {
  const { verdict, cause, fix } = upgradeCodes[code]
  return { verdict, phase, code, cause, hint: fix, seen, ...of }
}

/**
 * Whether a finding is of a cause that goes on until somebody mends it: what is lost between clusters afterwards
 * follows from it.
 */
export const isLasting = ({ code }: { code: Code }): boolean => lasting.includes(code)

const lasting: readonly Code[] = ['MP-931', 'MP-932', 'MP-933']
