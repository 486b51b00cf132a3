import { reasonOf } from '#errors.ts'
import { clustersOf, type JudgeResult, type TopologyResult, topologyVerdict } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'
import { failureOf } from '#run/failure-of.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import type { MeshShape } from '#topology/topology-file.ts'

/** What is known of a mesh while judges look at it. */
export type JudgeRecord = {
  phases: PhaseLog
  /** Replaces what was known of the judge in that cluster. */
  judged: (result: JudgeResult) => void
  /** Whether a judge’s test failed. */
  failed: () => boolean
  endedBy: (error: unknown) => void
  publish: () => void
}

/** A record of a mesh that is not judged yet: `planned` has a verdict for each cluster, `not-run` or `skipped`. */
export const judgeRecord = (
  mesh: MeshShape,
  planned: readonly JudgeResult[],
  phases: PhaseLog,
  keep: (result: TopologyResult) => void,
): JudgeRecord => {
  let judges = [...planned]
  let error: unknown
  const publish = (): void => {
    const verdict = topologyVerdict(judges)
    keep({
      name: mesh.name,
      mtls: mesh.mtls,
      clusters: clustersOf(mesh),
      verdict,
      reason: verdict === 'not-run' ? (error === undefined ? (whyOpen(judges) ?? '') : reasonOf(error)) : '',
      phases: phases.all(),
      checks: [],
      judges,
    })
  }
  return {
    phases,
    judged: (result) => {
      judges = judges.map((known) => (keyOf(known) === keyOf(result) ? result : known))
      publish()
    },
    failed: () => judges.some(({ verdict }) => verdict === 'fail'),
    endedBy: (thrown) => {
      error ??= thrown
    },
    publish,
  }
}

const keyOf = ({ judge, clusters }: JudgeResult): string => [judge, ...clusters].join(' ')

const whyOpen = (judges: readonly JudgeResult[]): string | undefined => {
  const open = judges.find(({ verdict }) => verdict === 'not-run')
  return open && `${open.judge} in ${open.clusters.join(', ')}: ${open.reason}`
}

/** Asks judges, as the phase `judges`. @throws the error that ended it early. */
export const inJudgesPhase = async (
  { phases, failed }: JudgeRecord,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  phases.started('judges', Date.now())
  try {
    await work()
  } catch (error) {
    phases.ended('judges', Date.now(), signal.aborted ? 'not-run' : 'fail', error)
    throw error
  }
  phases.ended('judges', Date.now(), failed() ? 'fail' : 'pass')
}

/** Asks a judge, shows how it goes, and records what it says. @throws what `ask` throws. */
export const asked = async (
  title: string,
  terminal: Pick<Terminal, 'started' | 'ended' | 'problem'>,
  { judged }: JudgeRecord,
  ask: () => Promise<JudgeResult>,
): Promise<void> => {
  terminal.started(title)
  const result = await ask()
  const { verdict, reason, seconds } = result
  if (verdict === 'not-run') terminal.problem(`${title}: ${reason}`)
  terminal.ended(title, seconds, verdict === 'pass' ? 'pass' : verdict === 'fail' ? 'fail' : 'not-run')
  judged(result)
}

/**
 * Waits for the judges of a mesh, the clean-up included, and publishes what they said, however it ended.
 * @throws the error that ended the work early.
 */
export const withJudgeRecord = async (record: JudgeRecord, work: Promise<void>, signal: AbortSignal): Promise<void> => {
  const error = await failureOf(work, signal)
  record.endedBy(error)
  record.publish()
  if (error !== undefined) throw error
}
