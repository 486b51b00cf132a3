import { layers, type CheckResult, type Diagnosis } from './results.ts'
import { codes } from '#codes/index.ts'
import { type CauseCode, causeIn, causes } from './causes.ts'

/**
 * Gives every failed check its diagnosis: its own cause where it is in the first broken layer, and otherwise the cause
 * found there, since what is built on a broken layer cannot be judged by itself.
 */
export const diagnose = (checks: CheckResult[]): CheckResult[] => {
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  const first = layers.find((layer) => failed.some((check) => layerOf(check) === layer))
  const root = failed.find((check) => layerOf(check) === first)
  if (!root) return checks
  const explained = explain(root)
  return checks.map((check) => {
    if (check.verdict !== 'fail') return check
    if (check === root || layerOf(check) === first) return { ...check, diagnosis: explain(check) }
    return { ...check, diagnosis: { ...explained, cause: `follows from ${root.id}: ${explained.cause}` } }
  })
}

/** The first broken layer's diagnosis, for the summary; undefined where nothing failed. */
export const firstBroken = (checks: CheckResult[]): (Diagnosis & { check: string }) | undefined => {
  const root = checks.find((check) => check.diagnosis && !isConsequence(check))
  return root?.diagnosis && { ...root.diagnosis, check: root.id }
}

/** Whether a check failed because of what is broken below it. */
export const isConsequence = ({ diagnosis }: CheckResult): boolean =>
  diagnosis?.cause.startsWith('follows from') ?? false

/** What a cause says of a failed check, as results.json has it. */
export const diagnosisOf = (code: CauseCode): Diagnosis => {
  const { layer, cause, fix } = causes[code]
  return { code, layer, cause, hint: fix }
}

// A check may find that a lower layer than its own is to blame.
const layerOf = (check: CheckResult): (typeof layers)[number] => {
  const code = causeIn(check.reason)
  return code ? causes[code].layer : check.layer
}

const explain = (check: CheckResult): Diagnosis => {
  const code = causeIn(check.reason)
  if (code) return diagnosisOf(code)
  return {
    layer: check.layer,
    code: 'MP-700',
    cause: `${check.title}: this does not hold`,
    hint: codes['MP-700'].fix,
  }
}
