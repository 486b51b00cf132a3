import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canBeShown } from '#commands/prove/assign.ts'
import type { Fault } from '#commands/prove/fault.ts'
import { imagesByName } from '#images/images.ts'
import { askUntil } from '#kube/until.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadRun } from '#lab/run-state.ts'
import { type CheckResult, type JudgeResult, Results } from '#results/results.ts'
import { writeWhole } from '#results/write-whole.ts'
import { catalogue } from '#run/catalogue.ts'
import { meshproof } from '#testing/e2e/product.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { faults } from '../../../../fixtures/faults/index.ts'

// Breaks a lab with ten faults, at least one of each layer, and records for each what our checks say and what the
// judges say. The rows are kept in a file, so that `--resume` goes on with the faults that have none. The table is in
// docs/judges.md.

const topology = 'multi-primary-multi-network'

const chosen = [
  'gateway-port-blocked',
  'different-roots',
  'remote-secret-removed',
  'namespace-not-labelled',
  'network-label-wrong',
  'gateway-hosts-narrowed',
  'older-rule',
  'plaintext-allowed',
  'watch-stalled-across-networks',
  'gateway-replaced-at-once',
]

/** What was seen of a fault: the checks that were not green, and what each judge said. */
type Row = { fault: string; breaks: string; checks: string[]; judges: string[]; judgesSaw: boolean }

const rowsFile = process.env['MESHPROOF_AGREEMENT'] ?? join(tmpdir(), 'meshproof-agreement.json')

/** Seconds for one judge on a broken mesh: a test that fails waits for half a minute, and there are twenty. */
const judgeTimeout = 600

let lab: Lab
let runId = ''

beforeAll(async () => {
  const { exitCode, output } = await meshproof(['up', `--topology=${topology}`])
  expect(exitCode, output).toBe(0)
  runId = /down --run=(\S+)/.exec(output)?.[1] ?? ''
  const state = await loadRun(runId)
  lab = labOf(runId, { ...(await loadTopologyFile(topology)), mtls: 'strict' }, state?.images ?? imagesByName('source'))
}, 10 * 60_000)

afterAll(async () => {
  if (runId !== '') await meshproof(['down', `--run=${runId}`])
  console.log(tableOf(await readRows()))
}, 5 * 60_000)

const readRows = async (): Promise<Row[]> =>
  readFile(rowsFile, 'utf8').then(
    (text) => JSON.parse(text) as Row[],
    () => [],
  )

const results = async (args: string[]): Promise<Results['topologies'][number]> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-agreement-'))
  await meshproof([...args, `--topology=${topology}`, `--reuse=${runId}`, `--report-dir=${folder}`], { reports: false })
  const topologies = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).topologies
  return topologies[0] ?? expect.fail('no results')
}

const checksOf = async (suite: string): Promise<CheckResult[]> => (await results(['test', `--suite=${suite}`])).checks

const red = ({ verdict }: CheckResult): boolean => verdict === 'fail' || verdict === 'not-run'

/** Every check but those that take pods away, and the checks that must notice the fault. */
const suiteFor = ({ turnsRed }: Fault): string =>
  [
    ...['net', 'trust', 'control', 'discovery', 'reach', 'route', 'mtls'].map((layer) => `${layer}.*`),
    ...Object.keys(turnsRed),
  ].join(',')

const sayings = ({ judge, clusters, verdict, reason, tests }: JudgeResult): string => {
  const failed = tests.filter((judged) => judged.verdict === 'fail').map(({ name }) => name)
  const why = failed.length > 0 ? failed.join(', ') : reason
  return `${judge} in ${clusters.join(', ')}: ${verdict}${why === '' ? '' : ` (${why})`}`
}

const tableOf = (rows: readonly Row[]): string =>
  ['| fault | our checks | judges |', '|---|---|---|']
    .concat(
      rows.map(({ fault, breaks, checks, judges }) =>
        ['', ` \`${fault}\`: ${breaks} `, ` ${checks.join(', ') || 'all green'} `, ` ${judges.join('; ')} `, ''].join(
          '|',
        ),
      ),
    )
    .join('\n')

test('the faults that are measured exist, and can happen in this topology', async () => {
  const shape = { ...(await loadTopologyFile(topology)), mtls: 'strict' as const }
  const possible = faults.filter((fault) => canBeShown(fault, shape, catalogue)).map(({ name }) => name)
  expect(chosen.filter((name) => !possible.includes(name))).toEqual([])
})

test.each(chosen)('a lab with the fault %s', { timeout: 45 * 60_000 }, async (name) => {
  const others = (await readRows()).filter((row) => row.fault !== name)
  const fault = faults.find((candidate) => candidate.name === name) ?? expect.fail(`no fault ${name}`)
  const mend = await fault.apply(lab)
  try {
    const checks = (await checksOf(suiteFor(fault))).filter(red)
    const { judges = [] } = await results([
      'judge',
      '--with=gateway-api,istio-multicluster',
      `--timeout=${judgeTimeout}`,
    ])
    const row: Row = {
      fault: name,
      breaks: fault.breaks,
      checks: [...new Set(checks.map(({ id }) => id))],
      judges: judges.map(sayings),
      judgesSaw: judges.some(({ verdict }) => verdict === 'fail' || verdict === 'not-run'),
    }
    await writeWhole(rowsFile, `${JSON.stringify([...others, row], null, 2)}\n`)
    // A fault that a judge sees and no check of ours sees is a defect of ours.
    expect(row.judgesSaw && row.checks.length === 0, JSON.stringify(row)).toBe(false)
  } finally {
    await mend()
    const green = await askUntil(
      () => checksOf(Object.keys(fault.turnsRed).join(',')),
      (seen) => !seen.some(red),
      { every: 2000, within: 180_000 },
    )
    expect(green.filter(red)).toEqual([])
  }
})
