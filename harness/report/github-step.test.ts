import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { outputsIn } from '#testing/composite-action.ts'
import { scratchFolder } from '#testing/edge.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { explainedRun, failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { diagnosisAnnotations, diagnosisSummary } from './github-diagnosis.ts'
import { tellGitHubDiagnosis, tellGitHubOutputs } from './github-step.ts'

const where = 'cluster2 istio-system/istio-eastwestgateway'
const broken = (): MeshDiagnosis =>
  diagnosisWith(
    [
      { layer: 'trust', code: 'MP-845', where: 'cluster1', severity: 'warning' },
      { layer: 'gateways', code: 'MP-880', where: 'cluster1' },
      { layer: 'gateways', code: 'MP-887', where },
      { layer: 'endpoints', code: 'MP-901', where: 'cluster1', followsFrom: 'MP-887' },
    ],
    { layer: 'gateways', code: 'MP-887', where },
  )

describe('the annotations of a diagnosis', () => {
  test('are an error for each problem, the cause first, and a notice for each warning', () => {
    const lines = diagnosisAnnotations(broken())
    expect(lines.map((line) => line.split('::')[1])).toEqual([
      'error title=MP-887 gateways and the way to them',
      'error title=MP-880 gateways and the way to them',
      'notice title=MP-845 trust roots',
    ])
    expect(lines[0]).toContain(`(${where})%0Aits service has no ready endpoints%0ANext: kubectl --context=cluster2 `)
  })

  test('of a healthy mesh are none', () => {
    expect(diagnosisAnnotations(diagnosisWith([]))).toEqual([])
  })
})

describe('the summary of a diagnosis', () => {
  test('begins with the cause, and has a row for each layer', () => {
    const lines = diagnosisSummary(broken(), 1e6).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      '## ✗ meshproof: the mesh is broken',
      '',
      '> [!CAUTION]',
      '> **first broken layer is gateways and the way to them** (MP-887)',
    ])
    expect(lines).toContain('| names | ✓ healthy | it is well |')
    expect(lines.find((line) => line.startsWith('| endpoints |'))).toContain('✗ broken | MP-901 ')
    expect(lines.at(-3)).toBe('cluster1 (cluster1), Istio 1.31.2; cluster2 (cluster2), Istio 1.31.2; 2.0 s')
  })

  test('shows text of a cluster as text, and stays within its bytes', () => {
    const summary = diagnosisSummary(diagnosisWith([{ layer: 'route', code: 'MP-901', where: '<b> | `x`' }]), 1e6)
    expect(summary).not.toMatch(/<b>|`x`/)
    const short = diagnosisSummary(broken(), 500)
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(500)
    expect(short).toMatch(/The rest is left out: it is in the log\.\n$/)
  })

  test.each([
    [0, '## ✓ meshproof: the mesh is healthy'],
    [2, '## ? meshproof: not everything was examined'],
  ])('of exit code %d', (exitCode, title) => {
    expect(diagnosisSummary({ ...diagnosisWith([]), exitCode }, 1e6).split('\n')[0]).toBe(title)
  })
})

describe('the outputs of a step', () => {
  const written = async (
    tell: (environment: NodeJS.ProcessEnv, line: (text: string) => void) => Promise<void>,
    more: NodeJS.ProcessEnv = {},
  ): Promise<Record<string, string>> => {
    const file = join(await scratchFolder(), 'output')
    await tell({ GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: file, ...more }, () => undefined)
    return outputsIn(await readFile(file, 'utf8'))
  }

  test('name the layer that the diagnosis of a failed run found', async () => {
    const run = { exitCode: 1, folder: 'reports/x', results: [await explainedRun()] }
    expect(await written((...step) => tellGitHubOutputs(run, ...step))).toEqual({
      verdict: 'fail',
      report: 'reports/x',
      'first-broken-layer': 'gateways',
    })
  })

  test('name the layer of the first failed check where nothing explains it, also of several runs', async () => {
    const passed = resultsOf(topologyResult([checkResult()]))
    const run = { exitCode: 1, folder: 'reports/x', results: [passed, await failingRun()] }
    expect(await written((...step) => tellGitHubOutputs(run, ...step))).toMatchObject({
      verdict: 'fail',
      'first-broken-layer': 'network',
    })
  })

  test.each([
    [0, 'pass'],
    [2, 'not-run'],
    [130, 'not-run'],
  ])('of exit code %d have the verdict %s', async (exitCode, verdict) => {
    const run = { exitCode, folder: 'reports/x', results: [resultsOf(topologyResult([checkResult()]))] }
    expect(await written((...step) => tellGitHubOutputs(run, ...step))).toMatchObject({
      verdict,
      'first-broken-layer': '',
    })
  })

  test('of a diagnosis are its verdict and its cause', async () => {
    expect(await written((...step) => tellGitHubDiagnosis(broken(), ...step))).toEqual({
      verdict: 'fail',
      'first-broken-layer': 'gateways',
    })
    expect(await written((...step) => tellGitHubDiagnosis(diagnosisWith([]), ...step))).toEqual({
      verdict: 'pass',
      'first-broken-layer': '',
    })
  })

  test('name the report folder as later steps find it, wherever this one runs', async () => {
    const reportIn = async (workspace: string): Promise<string | undefined> => {
      const run = { exitCode: 0, folder: 'reports/x', results: [] }
      return (await written((...step) => tellGitHubOutputs(run, ...step), { GITHUB_WORKSPACE: workspace }))['report']
    }
    expect(await reportIn(process.cwd())).toBe('reports/x')
    expect(await reportIn(resolve('..'))).toBe(join(basename(process.cwd()), 'reports/x'))
    expect(await reportIn(resolve('elsewhere'))).toBe(resolve('reports/x'))
  })

  test('keep a value with line ends as one value', async () => {
    const run = { exitCode: 0, folder: 'a\nverdict=fail\nb<<c', results: [] }
    expect(await written((...step) => tellGitHubOutputs(run, ...step))).toEqual({
      verdict: 'pass',
      report: 'a\nverdict=fail\nb<<c',
      'first-broken-layer': '',
    })
  })

  test('are not written outside of GitHub Actions, and a file that cannot be written ends nothing', async () => {
    const run = { exitCode: 0, folder: 'reports/x', results: [] }
    const lines: string[] = []
    const line = (text: string): void => {
      lines.push(text)
    }
    await tellGitHubOutputs(run, { GITHUB_OUTPUT: '/nonexistent/output' }, line)
    expect(lines).toEqual([])
    await tellGitHubOutputs(run, { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: '/nonexistent/output' }, line)
    expect(lines).toEqual([expect.stringContaining('could not be written')])
  })
})
