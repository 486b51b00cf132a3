import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCells } from '#results/cells.ts'
import { cellLines } from '#report/shown-run.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { TestOptions, type RunOptions } from '#run/options.ts'
import { versionCells } from './combinations.ts'
import { runCells, type CellsRun } from './run-cells.ts'
import type { Run } from '#results/results.ts'

const ended = (folder: string, exitCode: number): Run => {
  const results = resultsOf(
    topologyResult([checkResult({ verdict: exitCode === 0 ? 'pass' : exitCode === 1 ? 'fail' : 'not-run' })]),
  )
  return { folder, results: { ...results, run: { ...results.run, exitCode, interrupted: exitCode === 130 } } }
}

/** Runs cells of `test`, each of which `runOne` makes end; what it asked for, in order. */
const running = async (
  folder: string,
  flags: Record<string, unknown>,
  runOne: (options: RunOptions, stop: AbortController) => number | Promise<number>,
): Promise<CellsRun & { asked: RunOptions[] }> => {
  const [stop, asked]: [AbortController, RunOptions[]] = [new AbortController(), []]
  const options = TestOptions.parse({ topology: 'vpn', reportDir: folder, ...flags })
  const outcome = await runCells(options, versionCells(options), unreadTerminal(), stop, async (cell) => {
    asked.push(cell)
    return ended(cell.reportDir ?? '', await runOne(cell, stop))
  })
  return { ...outcome, asked }
}

const names = ['kubernetes-1.34.11', 'kubernetes-1.34.4']

test('every combination is a run with its own folder; the document and the page of all lie above', async () => {
  const folder = join(await scratchFolder(), 'all')
  const { exitCode, asked, runs } = await running(folder, { kubernetes: '1.34.11,1.34.4', timeout: '90' }, () => 0)
  expect(exitCode).toBe(0)
  expect(asked.map(({ kubernetes, reportDir, timeout }) => [kubernetes, reportDir, timeout])).toEqual([
    ['1.34.11', join(folder, names[0]!), 90],
    ['1.34.4', join(folder, names[1]!), 90],
  ])
  expect(await readCells(join(folder, 'cells.json'))).toEqual(
    ['1.34.11', '1.34.4'].map((version) => ({
      name: `kubernetes-${version}`,
      args: ['test', '--topology=vpn', `--timeout=90`, `--kubernetes=${version}`],
    })),
  )
  expect(await readFile(join(folder, 'matrix.html'), 'utf8')).toContain('kubernetes-1.34.4/report.html#')
  expect(cellLines(runs)).toEqual([...names.map((name) => `✓ ${name}  passed`), 'All 2 cells passed'])
})

test.each([
  [[0, 1], 1],
  [[1, 0], 1],
  [[1, 2], 2],
  [[2, 0], 2],
])('exit codes %j come to %i', async (codes, worst) => {
  const left = [...codes]
  expect(
    await running(join(await scratchFolder(), 'all'), { kubernetes: '1.34.11,1.34.4' }, () => left.shift() ?? 0),
  ).toMatchObject({ exitCode: worst })
})

test('after an interruption no other cell is begun, and those that did not run are told', async () => {
  const folder = join(await scratchFolder(), 'all')
  const { exitCode, asked, runs } = await running(folder, { kubernetes: '1.34.11,1.34.4' }, (_, stop) => {
    stop.abort(new Error('Ctrl-C'))
    return 130
  })
  expect([exitCode, asked.length]).toEqual([130, 1])
  expect(cellLines(runs)).toEqual([
    `? ${names[0]}  not run`,
    `? ${names[1]}  not run: the run ended before it`,
    '2 of 2 cells not complete',
  ])
  expect(await readFile(join(folder, 'matrix.html'), 'utf8')).toContain('kubernetes-1.34.4: the run ended before it')
})

test('a run that ends at once has said from the beginning what there was to run', async () => {
  const folder = join(await scratchFolder(), 'all')
  await errorOf(
    running(folder, { kubernetes: '1.34.11,1.34.4' }, () => {
      throw new Error('gone')
    }),
  )
  expect(await readFile(join(folder, 'matrix.html'), 'utf8')).toContain('2 of 2 cells not complete')
})

test.each([
  ['versions that cannot be had', { kubernetes: '1.34.11,nope' }, 'MP-165'],
  ['an unknown topology', { kubernetes: '1.34.11,1.34.4', topology: 'gatway' }, 'MP-101'],
])('%s are refused before anything is run or made', async (_, flags, code) => {
  const folder = join(await scratchFolder(), 'all')
  expect(
    await errorOf(
      running(folder, flags, () => {
        throw new Error('run')
      }),
    ),
  ).toMatchObject({ code })
  expect(await readdir(folder).catch(() => 'none')).toBe('none')
})

test('a folder that holds something is another run’s', async () => {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'kubernetes-1.34.4'))
  expect(await errorOf(running(folder, { kubernetes: '1.34.11,1.34.4' }, () => 0))).toMatchObject({ code: 'MP-104' })
})
