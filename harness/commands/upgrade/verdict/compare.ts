import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { MeshproofError } from '#errors.ts'
import { readResults } from '#results/read-results.ts'
import { variantName, type TopologyResult, type Upgrade, type Worse } from '#results/results.ts'
import { rank } from './verdict.ts'

/** An earlier upgrade of the same topology: its run, and what it came to. */
export type Earlier = { run: string; upgrade: Upgrade }

/** So much slower, in milliseconds and times, is no noise between two runs. */
const [slowerBy, slowerTimes] = [10, 1.5]
/** So much longer a gap, in milliseconds, is none either. */
const longerBy = 100

/**
 * An earlier upgrade of a topology, from its results.json or its folder.
 * @throws MeshproofError MP-111 to MP-113 where it cannot be read, MP-123 where it is no upgrade’s, MP-124 where it
 * is another topology’s.
 */
export const readEarlier = async (path: string, of: Pick<TopologyResult, 'name' | 'mtls'>): Promise<Earlier> => {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  if (isFile && basename(path) !== 'results.json') throw noUpgrade(path, 'the file is not called results.json')
  const { run, topologies } = await readResults(isFile ? dirname(path) : path)
  if (topologies.every(({ upgrade }) => upgrade === undefined)) throw noUpgrade(path, `it is of “${run.command}”`)
  const same = topologies.find(({ name, mtls }) => name === of.name && mtls === of.mtls)
  if (same?.upgrade) return { run: run.id, upgrade: same.upgrade }
  throw new MeshproofError('MP-124', {
    what: 'The earlier run upgraded another topology',
    where: topologies.map(variantName).join(', '),
    next: `Compare with an earlier upgrade of ${variantName(of)}.`,
  })
}

const noUpgrade = (where: string, why: string): MeshproofError =>
  new MeshproofError('MP-123', {
    what: 'There is nothing of an upgrade to compare with',
    where,
    why,
    next: 'Give --compare the report folder of an earlier `meshproof upgrade`, or its results.json.',
  })

/**
 * What is worse than in an earlier upgrade: verdicts, checks, and of each probe in each phase its losses, wrong
 * answers, longest gap and p99.
 */
export const compare = (before: Upgrade, now: Upgrade): Worse[] => {
  const worse = (what: string, then: string, today: string): Worse => ({ what, before: then, now: today })
  const verdicts = [
    ...(rank(now.verdict) > rank(before.verdict) ? [worse('verdict', before.verdict, now.verdict)] : []),
    ...now.phases.flatMap((phase) => {
      const then = before.phases.find(({ id }) => id === phase.id)
      if (then === undefined) return []
      const checks = phase.checks
        .filter(({ verdict }) => verdict === 'fail' || verdict === 'not-run')
        .flatMap((check) => {
          const earlier = then.checks.find(
            ({ id, from, to }) => id === check.id && from.join() === check.from.join() && to.join() === check.to.join(),
          )
          return earlier === undefined || earlier.verdict === check.verdict || earlier.verdict === 'fail'
            ? []
            : [
                worse(
                  `${phase.id} ${check.id} from ${check.from.join(', ')}`,
                  earlier.verdict,
                  `${check.verdict} (${check.reason})`,
                ),
              ]
        })
      return [
        ...(rank(phase.verdict) > rank(then.verdict)
          ? [worse(`${phase.id} ${phase.name}`, then.verdict, phase.verdict)]
          : []),
        ...checks,
      ]
    }),
  ]
  return [
    ...verdicts,
    ...now.measured.flatMap((one) => {
      const then = before.measured.find(({ probe, phase }) => probe === one.probe && phase === one.phase)
      if (then === undefined) return []
      const what = (part: string): string => `${one.phase} ${one.probe} ${part}`
      return [
        ...(one.lost * then.sent > then.lost * one.sent
          ? [worse(what('lost'), `${then.lost} of ${then.sent}`, `${one.lost} of ${one.sent}`)]
          : []),
        ...(one.wrong > then.wrong ? [worse(what('wrong answers'), String(then.wrong), String(one.wrong))] : []),
        ...(one.longestGapMilliseconds > then.longestGapMilliseconds + longerBy
          ? [worse(what('longest gap'), `${then.longestGapMilliseconds} ms`, `${one.longestGapMilliseconds} ms`)]
          : []),
        ...(one.p99Milliseconds > Math.max(then.p99Milliseconds + slowerBy, then.p99Milliseconds * slowerTimes)
          ? [worse(what('p99'), `${then.p99Milliseconds.toFixed(0)} ms`, `${one.p99Milliseconds.toFixed(0)} ms`)]
          : []),
      ]
    }),
  ]
}
