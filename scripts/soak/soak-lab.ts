import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { docker } from '#engine/docker.ts'
import { runLabel } from '#engine/labels.ts'
import { runIds } from '#lab/run-state.ts'
import { runVerdict } from '#report/words.ts'
import { readResults } from '#results/read-results.ts'
import type { CheckResult } from '#results/results.ts'
import type { Soaked, Unsteady } from './record.ts'

const root = resolve(import.meta.dirname, '../..')

/** No lab takes longer than this, in milliseconds: it would hang. */
const longestLab = 20 * 60_000

/**
 * Tests a topology once, in a lab of its own, and looks what is left afterwards. The report is in `reports/soak`.
 * Undefined where it was stopped: such a lab shows nothing.
 */
export const soakLab = async (
  lab: Pick<Soaked, 'round' | 'topology' | 'mtls'>,
  stop: AbortSignal,
): Promise<Soaked | undefined> => {
  const folder = join(root, 'reports', 'soak', `${lab.round}-${lab.topology}-${lab.mtls}`)
  // The report of a lab that was stopped.
  await rm(folder, { recursive: true, force: true })
  const volumesBefore = await unusedVolumes()
  const startedAt = Date.now()
  const { exitCode, all } = await execa(
    process.execPath,
    [join(root, 'harness/cli/main.ts'), `--topology=${lab.topology}`, `--mtls=${lab.mtls}`, `--report-dir=${folder}`],
    {
      cwd: root,
      reject: false,
      all: true,
      stdin: 'ignore',
      env: { MESHPROOF_NO_CONFIG: '1' },
      cancelSignal: AbortSignal.any([stop, AbortSignal.timeout(longestLab)]),
      // It cleans up when it gets a signal, however long that takes.
      forceKillAfterDelay: false,
    },
  )
  if (stop.aborted) return undefined
  const seconds = (Date.now() - startedAt) / 1000
  const ended = { ...lab, seconds, failed: [], flaky: [] }
  const results = await readResults(folder).catch(() => undefined)
  if (!results) {
    const reason = `exit ${exitCode ?? 'unknown'}: ${all.trim().split('\n').slice(-3).join(' ')}`
    return { ...ended, run: 'no report', verdict: 'not-run', reason, leftovers: [] }
  }
  const checks = results.topologies.flatMap((topology) => topology.checks)
  const { id, error } = results.run
  return {
    ...ended,
    run: id,
    verdict: runVerdict(results),
    reason: error?.message ?? results.topologies[0]?.reason ?? '',
    failed: checks.filter(({ verdict }) => verdict === 'fail').map(unsteady),
    flaky: checks.filter(({ verdict }) => verdict === 'flaky').map(unsteady),
    leftovers: await leftoversOf(id, volumesBefore),
  }
}

/** A check with the reason of its first attempt. */
const unsteady = ({ id, from, reason, attempts }: CheckResult): Unsteady => ({
  id,
  from: from.join(', '),
  reason: attempts[0]?.reason ?? reason,
})

/**
 * What is left of a run: everything with its label, its folder in the cache, and unused volumes that were not there
 * before. Other runs on the machine do not count.
 */
const leftoversOf = async (run: string, volumesBefore: readonly string[]): Promise<string[]> => {
  const ofRun = ['--filter', `label=${runLabel}=${run}`, '--format']
  const [containers, networks, images, volumes, folders] = await Promise.all([
    docker(['ps', '--all', ...ofRun, 'container {{.Names}}']),
    docker(['network', 'ls', ...ofRun, 'network {{.Name}}']),
    docker(['images', ...ofRun, 'image {{.Repository}}:{{.Tag}}']),
    unusedVolumes(),
    runIds(),
  ])
  return [
    ...[containers, networks, images].flatMap(linesIn),
    ...volumes.filter((volume) => !volumesBefore.includes(volume)).map((volume) => `volume ${volume}`),
    ...folders.filter((id) => id === run).map((id) => `folder of run ${id}`),
  ]
}

/** Volumes that no container uses. Those of nodes have no label, since kind makes them. */
const unusedVolumes = async (): Promise<string[]> =>
  linesIn(await docker(['volume', 'ls', '--filter', 'dangling=true', '--format', '{{.Name}}']))

const linesIn = (text: string): string[] => text.split('\n').filter(Boolean)
