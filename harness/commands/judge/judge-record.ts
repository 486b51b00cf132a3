import { reasonOf } from '#errors.ts'
import { clustersOf, type JudgeResult, type TopologyResult, topologyVerdict } from '#results/results.ts'
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
