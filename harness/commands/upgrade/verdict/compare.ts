import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { MeshproofError } from '#errors.ts'
import { readResults } from '#results/read-results.ts'
import { variantName, type TopologyResult, type Upgrade, type Worse } from '#results/results.ts'
import { rank } from './verdict.ts'

/** An earlier upgrade of the same topology: the id of its run, and its result. */
export type Earlier = { run: string; upgrade: Upgrade }

/** A p99 counts as worse if it is slower by this many milliseconds and by this factor. Less is noise between runs. */
const [slowerBy, slowerTimes] = [10, 1.5]
/** A gap counts as worse if it is longer by this many milliseconds. */
const longerBy = 100

/**
 * Reads an earlier upgrade of `topology` from its results.json or its report folder.
 * @throws MeshproofError MP-111 to MP-113 where it cannot be read, MP-123 where it is not the report of an upgrade,
 * MP-124 where it is of another topology.
 */
export const readEarlier = async (path: string, topology: Pick<TopologyResult, 'name' | 'mtls'>): Promise<Earlier> => {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  if (isFile && basename(path) !== 'results.json') throw noUpgrade(path, 'the file is not called results.json')
  const { run, topologies } = await readResults(isFile ? dirname(path) : path)
  if (topologies.every(({ upgrade }) => upgrade === undefined))
    throw noUpgrade(path, `it is the report of “${run.command}”`)
  const earlier = topologies.find(({ name, mtls }) => name === topology.name && mtls === topology.mtls)
  if (earlier?.upgrade) return { run: run.id, upgrade: earlier.upgrade }
  throw new MeshproofError('MP-124', {
    what: 'The earlier run upgraded another topology',
    where: topologies.map(variantName).join(', '),
    next: `Compare with an earlier upgrade of ${variantName(topology)}.`,
  })
}

const noUpgrade = (where: string, why: string): MeshproofError =>
  new MeshproofError('MP-123', {
    what: 'There is no upgrade to compare with',
    where,
    why,
    next: 'Give --compare the report folder of an earlier `meshproof upgrade`, or its results.json.',
  })

/**
 * What is worse than in an earlier upgrade: verdicts, checks, and the losses, wrong answers, longest gap and p99 of
 * each probe in each phase.
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
    ...now.measured.flatMap((current) => {
      const then = before.measured.find(({ probe, phase }) => probe === current.probe && phase === current.phase)
      if (then === undefined) return []
      const figure = (part: string): string => `${current.phase} ${current.probe} ${part}`
      return [
        ...(current.lost * then.sent > then.lost * current.sent
          ? [worse(figure('lost'), `${then.lost} of ${then.sent}`, `${current.lost} of ${current.sent}`)]
          : []),
        ...(current.wrong > then.wrong
          ? [worse(figure('wrong answers'), String(then.wrong), String(current.wrong))]
          : []),
        ...(current.longestGapMilliseconds > then.longestGapMilliseconds + longerBy
          ? [worse(figure('longest gap'), `${then.longestGapMilliseconds} ms`, `${current.longestGapMilliseconds} ms`)]
          : []),
        ...(current.p99Milliseconds > Math.max(then.p99Milliseconds + slowerBy, then.p99Milliseconds * slowerTimes)
          ? [worse(figure('p99'), `${then.p99Milliseconds.toFixed(0)} ms`, `${current.p99Milliseconds.toFixed(0)} ms`)]
          : []),
      ]
    }),
  ]
}
