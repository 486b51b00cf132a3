import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { Cells } from '#results/cells.ts'
import { writeReports } from '#report/report-folder.ts'
import { runOf } from '#testing/report-results.ts'
import { findBarriers, openFile, startBrowser } from '../../../scripts/browser.ts'
import { meshproof } from './product.ts'

const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'meshproof-matrix-'))
const command = (...args: string[]) => meshproof(args, { reports: false })
/** Without an engine a run ends without a verdict, and creates nothing. */
const withoutEngine = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }
const matrix = ['matrix', '--topology=all', '--kubernetes=1.34.11,1.34.4']

describe('the cells of a matrix', () => {
  test('are printed as a document, for GitHub, for GitLab and for Kubernetes: the same cells', async () => {
    const outputs = await Promise.all(
      [[], ['--emit=github'], ['--emit=gitlab'], ['--emit=kubernetes', '--queue=ci']].map(async (emit) => {
        const { exitCode, output } = await command(...matrix, ...emit)
        expect(exitCode, output).toBe(0)
        return output
      }),
    )
    const [document = '', github = '', gitlab = '', kubernetes = ''] = outputs
    const names = Cells.parse(JSON.parse(document)).cells.map(({ name }) => name)
    expect(names).toHaveLength(14)
    expect((JSON.parse(github) as { include: { cell: string }[] }).include.map(({ cell }) => cell)).toEqual(names)
    expect(Object.keys(parse(gitlab) as object).filter((key) => key.startsWith('cell '))).toEqual(
      names.map((name) => `cell ${name}`),
    )
    const [map, job] = parseAllDocuments(kubernetes).map(
      (parsed) => parsed.toJS() as { data: { 'cells.json': string }; spec: { completions: number; suspend: boolean } },
    )
    expect(Cells.parse(JSON.parse(map?.data['cells.json'] ?? '')).cells.map(({ name }) => name)).toEqual(names)
    expect(job?.spec).toMatchObject({ completions: 14, suspend: true })
  })

  test('that cannot run are refused, all of them in one message', async () => {
    const { exitCode, output } = await command(
      'matrix',
      '--images=source',
      '--istio=1.30.4,1.31-dev',
      '--kubernetes=1.34.4,nope',
    )
    expect(exitCode, output).toBe(2)
    expect(output).toMatch(/MP-165 {2}3 of 4 combinations/)
    const ofBothVersions = 'istio-1\\.30\\.4-kubernetes-nope, istio-1\\.31-dev-kubernetes-nope\\n\\s+MP-101'
    expect(output).toMatch(new RegExp(`istio-1\\.30\\.4-kubernetes-1\\.34\\.4\\n\\s+MP-107[^]*${ofBothVersions}`))
  })
})

describe('a cell', () => {
  test('is found by its index, writes its report under its name, and runs again while it has no verdict', async () => {
    const folder = await scratch()
    await writeFile(join(folder, 'cells.json'), (await command(...matrix)).output)
    const cell = () =>
      meshproof(['cell', `--cells=${join(folder, 'cells.json')}`, `--report-dir=${folder}`], {
        reports: false,
        environment: { ...withoutEngine, JOB_COMPLETION_INDEX: '3' },
      })
    const results = async (): Promise<{ run: { id: string; command: string } }> =>
      JSON.parse(await readFile(join(folder, 'shared-control-plane-kubernetes-1.34.4/results.json'), 'utf8')) as never
    for (let ids: string[] = []; ids.length < 2;) {
      const { exitCode, output } = await cell()
      expect(exitCode, output).toBe(2)
      expect(output).toContain('MP-203')
      const { run } = await results()
      expect(run.command).toBe('meshproof test --topology=shared-control-plane --kubernetes=1.34.4')
      expect(ids).not.toContain(run.id)
      ids = [...ids, run.id]
    }
  })

  test('that has a verdict does not run again', async () => {
    const folder = await scratch()
    await writeFile(
      join(folder, 'cells.json'),
      JSON.stringify({ cells: [{ name: 'a', args: ['test', '--topology=vpn'] }] }),
    )
    await mkdir(join(folder, 'a'))
    await writeReports(await runOf(['vpn']), join(folder, 'a'))
    const { exitCode, output } = await command(
      'cell',
      `--cells=${join(folder, 'cells.json')}`,
      '--index=0',
      `--report-dir=${folder}`,
    )
    expect(exitCode, output).toBe(0)
    expect(output).toContain('a already has a verdict')
  })
})

describe('the merged page', () => {
  test('is green where every cell has passed, and not where one has no results; axe finds no barrier', async () => {
    const folder = await scratch()
    await writeFile(
      join(folder, 'cells.json'),
      (await command('matrix', '--topology=vpn,gateway', '--kubernetes=1.34.11,1.34.4')).output,
    )
    const { cells } = Cells.parse(JSON.parse(await readFile(join(folder, 'cells.json'), 'utf8')))
    for (const { name } of cells) {
      await mkdir(join(folder, 'artifacts', name), { recursive: true })
      const results = await runOf([name.startsWith('vpn') ? 'vpn' : 'gateway'])
      await writeReports(
        { ...results, environment: { ...results.environment, kubernetes: name.slice(name.lastIndexOf('-') + 1) } },
        join(folder, 'artifacts', name),
      )
    }
    const report = () =>
      command('report', join(folder, 'artifacts'), `--cells=${join(folder, 'cells.json')}`, `--report-dir=${folder}`)
    expect(await report()).toMatchObject({ exitCode: 0, output: expect.stringContaining('All 4 cells passed') })
    await rm(join(folder, 'artifacts/gateway-kubernetes-1.34.4'), { recursive: true })
    expect(await report()).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining('? gateway-kubernetes-1.34.4  not run: it left no results'),
    })

    const browser = await startBrowser()
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await openFile(browser, join(folder, 'matrix.html'), { colorScheme })
      expect(await page.getByRole('row', { name: /^gateway/ }).innerText()).toMatch(
        /not run\ngateway-kubernetes-1.34.4: it left no results[^]*passed/,
      )
      expect([await findBarriers(page), problems]).toEqual([[], []])
      await page.context().close()
    }
    await browser.close()
  })
})

describe('several versions', () => {
  test('have a folder each and a common page, also where nothing could run', async () => {
    const folder = join(await scratch(), 'all')
    const { exitCode, output } = await meshproof(
      ['--topology=vpn', '--suite=net.*', '--kubernetes=1.34.11,1.34.4', `--report-dir=${folder}`],
      { reports: false, environment: withoutEngine },
    )
    expect(exitCode, output).toBe(2)
    expect(output).toContain('2 of 2 cells not complete')
    expect((await readdir(folder)).sort()).toEqual([
      'cells.json',
      'kubernetes-1.34.11',
      'kubernetes-1.34.4',
      'matrix.html',
    ])
    const ids = await Promise.all(
      ['kubernetes-1.34.11', 'kubernetes-1.34.4'].map(
        async (name) =>
          (JSON.parse(await readFile(join(folder, name, 'results.json'), 'utf8')) as { run: { id: string } }).run.id,
      ),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('are refused before anything is created where one of them does not exist', async () => {
    const folder = join(await scratch(), 'all')
    const { exitCode, output } = await command('--topology=vpn', '--kubernetes=1.34.11,nope', `--report-dir=${folder}`)
    expect(exitCode, output).toBe(2)
    expect(output).toMatch(/MP-165.*\n\s+kubernetes-nope\n\s+MP-101/)
    expect(await readdir(folder).catch(() => 'none')).toBe('none')
  })
})
