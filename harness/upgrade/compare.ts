import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { MeshproofError } from '../errors.ts'
import { readResults } from '../report/read-results.ts'
import { variantName, type Results, type TopologyResult, type Upgrade } from '../report/results.ts'
import { rank } from './verdict.ts'

/** Something that is worse than in an earlier run of the same topology: what, and how it was and is. */
export type Worse = { topology: string; what: string; before: string; now: string }

/** So much slower, in milliseconds and times, is no noise between two runs. */
const [slowerBy, slowerTimes] = [10, 1.5]
/** So much longer a gap, in milliseconds, is none either. */
const longerBy = 100

/**
 * The results of an earlier upgrade, from its results.json or its folder.
 * @throws MeshproofError MP-111 to MP-113 where it cannot be read, MP-123 where it is no upgrade’s.
 */
export const readEarlier = async (path: string): Promise<Results> => {
  const isFile = await stat(path).then((found) => found.isFile(), () => false)
  if (isFile && basename(path) !== 'results.json') throw noUpgrade(path, 'the file is not called results.json')
  const results = await readResults(isFile ? dirname(path) : path)
  if (results.topologies.every(({ upgrade }) => upgrade === undefined)) throw noUpgrade(path, `it is of “${results.run.command}”`)
  return results
}

const noUpgrade = (where: string, why: string): MeshproofError => new MeshproofError('MP-123', {
  what: 'There is nothing of an upgrade to compare with', where, why, next: 'Give --compare the report folder of an earlier `meshproof upgrade`, or its results.json.',
})

/**
 * What is worse than in the earlier run: verdicts, checks, and of each probe in each phase its losses, wrong answers, longest gap and p99.
 * @throws MeshproofError MP-124 where the earlier run upgraded none of these topologies.
 */
export const compare = (earlier: Results, now: Results): Worse[] => {
  const pairs = now.topologies.flatMap((topology) => {
    const before = earlier.topologies.find(({ name, mtls, upgrade }) => name === topology.name && mtls === topology.mtls && upgrade !== undefined)
    return before?.upgrade && topology.upgrade ? [worseOf(topology, before.upgrade, topology.upgrade)] : []
  })
  if (pairs.length > 0) return pairs.flat()
  throw new MeshproofError('MP-124', {
    what: 'The earlier run upgraded none of these topologies', where: earlier.topologies.map(variantName).join(', '), next: `Compare with an earlier upgrade of ${now.topologies.map(variantName).join(', ')}.`,
  })
}

/** The comparison in lines. */
export const compareLines = (worse: readonly Worse[], earlier: Results): string[] => (worse.length === 0 ? [`nothing is worse than in run ${earlier.run.id}`]
  : [`worse than in run ${earlier.run.id}:`, ...worse.map(({ topology, what, before, now }) => `  ${topology}  ${what}: ${now}, before ${before}`)])

const worseOf = (topology: TopologyResult, before: Upgrade, now: Upgrade): Worse[] => {
  const worse = (what: string, then: string, today: string): Worse => ({ topology: variantName(topology), what, before: then, now: today })
  const verdicts = [
    ...(rank(now.verdict) > rank(before.verdict) ? [worse('verdict', before.verdict, now.verdict)] : []),
    ...now.phases.flatMap((phase) => {
      const then = before.phases.find(({ id }) => id === phase.id)
      if (then === undefined) return []
      const checks = phase.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'not-run').flatMap((check) => {
        const earlier = then.checks.find(({ id, from, to }) => id === check.id && from.join() === check.from.join() && to.join() === check.to.join())
        return earlier === undefined || earlier.verdict === check.verdict || earlier.verdict === 'fail' ? [] : [worse(`${phase.id} ${check.id} from ${check.from.join(', ')}`, earlier.verdict, `${check.verdict} (${check.reason})`)]
      })
      return [...(rank(phase.verdict) > rank(then.verdict) ? [worse(`${phase.id} ${phase.name}`, then.verdict, phase.verdict)] : []), ...checks]
    }),
  ]
  return [...verdicts, ...now.measured.flatMap((one) => {
    const then = before.measured.find(({ probe, phase }) => probe === one.probe && phase === one.phase)
    if (then === undefined) return []
    const what = (part: string): string => `${one.phase} ${one.probe} ${part}`
    return [
      ...(one.lost * then.sent > then.lost * one.sent ? [worse(what('lost'), `${then.lost} of ${then.sent}`, `${one.lost} of ${one.sent}`)] : []),
      ...(one.wrong > then.wrong ? [worse(what('wrong answers'), String(then.wrong), String(one.wrong))] : []),
      ...(one.longestGapMilliseconds > then.longestGapMilliseconds + longerBy ? [worse(what('longest gap'), `${then.longestGapMilliseconds} ms`, `${one.longestGapMilliseconds} ms`)] : []),
      ...(one.p99Milliseconds > Math.max(then.p99Milliseconds + slowerBy, then.p99Milliseconds * slowerTimes) ? [worse(what('p99'), `${then.p99Milliseconds.toFixed(0)} ms`, `${one.p99Milliseconds.toFixed(0)} ms`)] : []),
    ]
  })]
}
