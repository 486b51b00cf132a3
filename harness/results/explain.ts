import { isOpenFailure, layers, type CheckDiagnosis, type CheckResult } from './results.ts'
import { codes } from '#codes/index.ts'
import { type CauseCode, causeIn, causes } from './causes.ts'

/**
 * Gives every failed check its diagnosis. A check in the first broken layer gets its own cause. A check above it gets
 * the cause of that layer, since a layer cannot be judged while a layer below it is broken. A check that meets a known
 * issue has its own cause, and explains no other.
 */
export const diagnose = (checks: CheckResult[]): CheckResult[] => {
  const failed = checks.filter(isOpenFailure)
  const first = layers.find((layer) => failed.some((check) => layerOf(check) === layer))
  const root = failed.find((check) => layerOf(check) === first)
  const explained = root && explain(root)
  return checks.map((check) => {
    if (check.verdict !== 'fail') return check
    if (!root || !explained || check.knownIssue || layerOf(check) === first)
      return { ...check, diagnosis: explain(check) }
    return { ...check, diagnosis: { ...explained, cause: `follows from ${root.id}: ${explained.cause}` } }
  })
}

/**
 * The diagnosis of the first broken layer, and the check that found it; undefined if no check failed but for known
 * issues of the release.
 */
export const firstBroken = (checks: CheckResult[]): (CheckDiagnosis & { check: string }) | undefined => {
  const root = checks.find((check) => check.diagnosis && isOpenFailure(check) && !isConsequence(check))
  return root?.diagnosis && { ...root.diagnosis, check: root.id }
}

/** Whether a check failed because a layer below it is broken. */
export const isConsequence = ({ diagnosis }: CheckResult): boolean =>
  diagnosis?.cause.startsWith('follows from') ?? false

/** The cause of a failed check as results.json has it. */
export const diagnosisOf = (code: CauseCode): CheckDiagnosis => {
  const { layer, cause, fix } = causes[code]
  return { code, layer, cause, hint: fix }
}

// A check can find that a lower layer than its own is broken.
const layerOf = (check: CheckResult): (typeof layers)[number] => {
  const code = causeIn(check.reason)
  return code ? causes[code].layer : check.layer
}

const explain = (check: CheckResult): CheckDiagnosis => {
  const code = causeIn(check.reason)
  if (code) return diagnosisOf(code)
  return {
    layer: check.layer,
    code: 'MP-700',
    cause: `${check.title}: this does not hold`,
    hint: codes['MP-700'].fix,
  }
}
