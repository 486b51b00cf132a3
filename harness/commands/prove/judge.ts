import { z } from 'zod'
import { diagnose } from '#results/explain.ts'
import type { Fault } from './fault.ts'
import { CheckResult, CodeText, layers, type CheckLayer } from '#results/results.ts'

/** The result of one fault in one lab. */
export const Proof = z.strictObject({
  fault: z.string(),
  breaks: z.string(),
  topology: z.string(),
  mtls: z.enum(['strict', 'off']),
  /** `detected`: every check that must notice turned red and named its cause, and no check of a layer below did. */
  verdict: z.enum(['detected', 'missed', 'not-run']),
  reason: z.string(),
  /** The checks that turned red, with the code each named. */
  red: z.array(z.strictObject({ check: z.string(), code: CodeText })),
  /**
   * The code that a diagnosis of the broken mesh had to name, and every code that it named. Absent where no diagnosis
   * was made.
   */
  diagnosed: z.strictObject({ wanted: CodeText, named: z.array(CodeText) }).optional(),
  seconds: z.number(),
  results: z.array(CheckResult),
})
export type Proof = z.infer<typeof Proof>

/**
 * Judges the results of the checks that ran on a broken mesh. Each check of `noticing` must be red and name the
 * fault’s cause. Every check of the layers below must have passed: a check that did not run proves nothing. A
 * diagnosis, where one was made, must name its code.
 */
export const judge = (
  { turnsRed }: Fault,
  noticing: string[],
  results: CheckResult[],
  named?: Proof['diagnosed'],
): Pick<Proof, 'verdict' | 'reason' | 'red'> => {
  const diagnosed = diagnose(results)
  const failed = diagnosed.filter(({ verdict }) => verdict === 'fail')
  const red = [
    ...new Map(
      failed.flatMap(({ id, diagnosis }) =>
        diagnosis ? [[`${id} ${diagnosis.code}`, { check: id, code: diagnosis.code }] as const] : [],
      ),
    ).values(),
  ]
  const missed = noticing.filter((id) => !red.some(({ check, code }) => check === id && code === turnsRed[id]))
  const below = layers.slice(0, Math.min(...noticing.map((id) => layers.indexOf(layerOf(id, results)))))
  const disturbed = diagnosed.filter(
    ({ layer, verdict }) => below.includes(layer) && verdict !== 'pass' && verdict !== 'flaky' && verdict !== 'skipped',
  )
  const reasons = [
    ...missed.map((id) => {
      const namedInstead = red.filter(({ check }) => check === id).map(({ code }) => code)
      return namedInstead.length > 0
        ? `${id} named ${namedInstead.join(', ')} instead of ${turnsRed[id] ?? ''}`
        : `${id} did not turn red`
    }),
    ...(named && !named.named.includes(named.wanted)
      ? [`the diagnosis named ${named.named.join(', ') || 'nothing'} instead of ${named.wanted}`]
      : []),
    ...new Set(disturbed.map(({ id, verdict }) => `${id}, of a layer below, is ${verdict}`)),
  ]
  return {
    verdict: reasons.length === 0 && (noticing.length > 0 || named) ? 'detected' : 'missed',
    reason: reasons.join('; '),
    red,
  }
}

const layerOf = (id: string, results: CheckResult[]): CheckLayer =>
  results.find((result) => result.id === id)?.layer ?? 'network'
