import { alignedLines } from '#report/aligned-lines.ts'
import { medianOf } from '#results/median.ts'
import type { Verdict } from '#results/results.ts'
import { recordOf } from '../record.ts'

/** A check that did not simply pass, and why. */
export type Unsteady = { id: string; from: string; reason: string }

/**
 * The result of a lab of a soak. `seconds` is the whole run. `leftovers` are what stayed in the engine or the cache.
 */
export type Soaked = {
  round: number
  topology: string
  mtls: 'strict' | 'off'
  run: string
  verdict: Verdict
  reason: string
  seconds: number
  failed: Unsteady[]
  flaky: Unsteady[]
  leftovers: string[]
}

/** The record of a soak: the last entry of each lab. */
export const soakRun = recordOf<Soaked>('soak', ({ round, topology, mtls }) => `${topology} ${mtls} ${round}`)

/** The figures of a soak: a table of the variants, and below it everything that was not as it should be. */
export const linesOf = (labs: readonly Soaked[], wanted: number): string[] => {
  const variants = [...Map.groupBy(labs, variantOf)].map(([name, own]) => rowOf(name, own))
  const titles = ['topology', 'labs', 'passed', 'flaky', 'wrong', 'not run', 'median s', 'longest s', 'left behind']
  return [
    '',
    alignedLines([titles, ...variants, rowOf('all', labs)]).join('\n'),
    ...(labs.length < wanted ? [`${wanted - labs.length} of ${wanted} labs were not tried`] : []),
    ...labs.flatMap((lab) => [
      ...lab.failed.map((check) => `wrong: ${checkLine(lab, check)}`),
      ...lab.flaky.map((check) => `flaky: ${checkLine(lab, check)}`),
      ...(lab.verdict === 'not-run' ? [`not run: ${variantOf(lab)}, round ${lab.round}: ${lab.reason}`] : []),
      ...lab.leftovers.map((thing) => `left behind: ${variantOf(lab)}, round ${lab.round}: ${thing}`),
    ]),
  ]
}

const rowOf = (name: string, labs: readonly Soaked[]): string[] => {
  const count = (wanted: Verdict): string => String(labs.filter(({ verdict }) => verdict === wanted).length)
  const seconds = labs.map((lab) => lab.seconds)
  return [
    name,
    String(labs.length),
    count('pass'),
    count('flaky'),
    count('fail'),
    count('not-run'),
    (medianOf(seconds) ?? 0).toFixed(0),
    Math.max(0, ...seconds).toFixed(0),
    String(labs.reduce((sum, { leftovers }) => sum + leftovers.length, 0)),
  ]
}

const checkLine = (lab: Soaked, { id, from, reason }: Unsteady): string =>
  `${variantOf(lab)}, round ${lab.round} (${lab.run}): ${id} from ${from}: ${reason}`

/** The name of a variant: `gateway`, `gateway, mTLS off`. */
export const variantOf = ({ topology, mtls }: Pick<Soaked, 'topology' | 'mtls'>): string =>
  mtls === 'off' ? `${topology}, mTLS off` : topology

/** 1 for a wrong verdict or something left behind, 2 where a lab did not run, otherwise 0. */
export const exitCodeOf = (labs: readonly Soaked[], wanted: number): number => {
  if (labs.some(({ verdict, leftovers }) => verdict === 'fail' || leftovers.length > 0)) return 1
  return labs.length < wanted || labs.some(({ verdict }) => verdict === 'not-run') ? 2 : 0
}
