import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { renderFolders } from './render-folders.ts'
import { exitCodeOfCells } from './verdict-of-cell.ts'
import { writeReports } from './report-folder.ts'

const reportFolder = async (
  parent: string,
  name: string,
  of: { istio?: string; verdict?: 'pass' | 'fail'; topology?: string; startedAt?: string } = {},
): Promise<string> => {
  const folder = join(parent, name)
  await mkdir(folder)
  const { verdict = 'pass', istio = '1.31.0' } = of
  const results = resultsOf(topologyResult([checkResult({ verdict })], { name: of.topology ?? 'gateway' }))
  await writeReports(
    {
      ...results,
      run: { ...results.run, exitCode: verdict === 'pass' ? 0 : 1, startedAt: of.startedAt ?? results.run.startedAt },
      environment: { ...results.environment, istio },
    },
    folder,
  )
  return folder
}

/** What stands in the cells of a page’s table, row by row, without its markup. */
const tableOf = async (folder: string): Promise<string[][]> => {
  const page = await readFile(join(folder, 'matrix.html'), 'utf8')
  return [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) =>
      cell
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  )
}

const contents = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), 'utf8')]),
    ),
  )

describe('one folder', () => {
  test('gets the same reports again, byte for byte, also those that were lost', async () => {
    const folder = await reportFolder(await scratchFolder(), 'run')
    const before = await contents(folder)
    await writeFile(join(folder, 'report.html'), 'lost')
    expect(await renderFolders([folder], undefined)).toMatchObject({ pages: [join(folder, 'report.html')] })
    expect(await contents(folder)).toEqual(before)
  })

  test.each([
    ['that is not there', 'MP-111', async () => join(await scratchFolder(), 'none')],
    ['without results', 'MP-112', () => scratchFolder()],
    [
      'whose results are not JSON',
      'MP-113',
      async () => {
        const folder = await scratchFolder()
        await writeFile(join(folder, 'results.json'), '{')
        return folder
      },
    ],
  ])('%s is refused and left alone', async (_, code, make) => {
    const folder = await make()
    const before = await readdir(folder).catch(() => 'none')
    expect(await errorOf(renderFolders([folder], undefined))).toMatchObject({
      code,
      message: expect.stringContaining(folder),
      exitCode: 2,
    })
    expect(await readdir(folder).catch(() => 'none')).toEqual(before)
  })

  test('whose results do not match their schema is refused with the field', async () => {
    const folder = await reportFolder(await scratchFolder(), 'run')
    const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))
    delete results.topologies[0].clusters
    await writeFile(join(folder, 'results.json'), JSON.stringify(results))
    expect(await errorOf(renderFolders([folder], undefined))).toMatchObject({
      code: 'MP-113',
      message: expect.stringContaining('topologies.0.clusters: '),
    })
  })

  test('that cannot be written is refused', async () => {
    const parent = await scratchFolder()
    const folder = await reportFolder(parent, 'run')
    expect(await errorOf(renderFolders([folder], join(folder, 'results.json')))).toMatchObject({
      code: 'MP-114',
      next: expect.stringContaining('--report-dir'),
    })
  })
})

describe('several folders', () => {
  test('become a page of variants by runs, ordered by version, that links to theirs', async () => {
    const parent = await scratchFolder()
    const [newer, older] = [
      await reportFolder(parent, 'a b', { istio: '1.30.0', verdict: 'fail' }),
      await reportFolder(parent, 'c', { istio: '1.9.0' }),
    ]
    const { pages } = await renderFolders([newer, older, join(parent, 'x', '..', 'c')], join(parent, 'all'))
    expect(pages).toEqual([join(newer, 'report.html'), join(older, 'report.html'), join(parent, 'all', 'matrix.html')])
    const page = await readFile(join(parent, 'all', 'matrix.html'), 'utf8')
    expect([...page.matchAll(/<b>Istio (.*?)<\/b>/g)].map(([, version]) => version)).toEqual(['1.9.0', '1.30.0'])
    expect(
      [...page.matchAll(/<td class="(.*?)"><a href="(.*?)"/g)].map(([, verdict, link]) => [verdict, link]),
    ).toEqual([
      ['pass', '../c/report.html#gateway-strict'],
      ['fail', '../a%20b/report.html#gateway-strict'],
    ])
    expect(page).toContain('1 of 2 runs failed')
  })

  test('are all left alone when one of them cannot be read', async () => {
    const parent = await scratchFolder()
    const folder = await reportFolder(parent, 'run')
    await writeFile(join(folder, 'report.html'), 'old')
    expect(await errorOf(renderFolders([folder, join(parent, 'none')], join(parent, 'all')))).toMatchObject({
      code: 'MP-111',
    })
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe('old')
    expect(await readdir(parent)).toEqual(['run'])
  })
})

describe('a folder of folders', () => {
  test('stands for the runs in it, one level down', async () => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'artifacts', 'logs'), { recursive: true })
    const folders = [
      await reportFolder(join(parent, 'artifacts'), 'a'),
      await reportFolder(join(parent, 'artifacts'), 'b'),
    ]
    const { pages } = await renderFolders([join(parent, 'artifacts')], join(parent, 'all'))
    expect(pages).toEqual([...folders.map((folder) => join(folder, 'report.html')), join(parent, 'all', 'matrix.html')])
  })
})

test('runs of a version share its column, but not two of the same topology: the later has its own column', async () => {
  const parent = await scratchFolder()
  await reportFolder(parent, 'a', { topology: 'gateway', startedAt: '2026-01-02T00:00:00.000Z' })
  await reportFolder(parent, 'b', { topology: 'vpn' })
  await reportFolder(parent, 'c', { topology: 'gateway', verdict: 'fail' })
  await renderFolders([parent], parent)
  expect(await tableOf(parent)).toEqual([
    ['topology', 'Istio 1.31.0 Kubernetes', 'Istio 1.31.0 Kubernetes 2026-01-02 00:00'],
    ['gateway', '✗ failed 1 failed', '✓ passed 1 passed'],
    ['vpn', '✓ passed 1 passed', '· not part of the run'],
  ])
})

describe('the cells of a matrix', () => {
  const cell = (topology: string, istio: string): { name: string; args: string[] } => ({
    name: `${topology}-istio-${istio}`,
    args: ['test', `--topology=${topology}`, `--istio=${istio}`],
  })
  const cells = [cell('gateway', '1.30'), cell('gateway', '1.31'), cell('vpn', '1.30'), cell('vpn', '1.31')]
  const outcome = async (parent: string): Promise<number> =>
    exitCodeOfCells((await renderFolders([parent], parent, cells)).runs)

  test('that all passed are green', async () => {
    const parent = await scratchFolder()
    for (const { name } of cells)
      await reportFolder(parent, name, {
        topology: name.split('-')[0]!,
        istio: name.endsWith('30') ? '1.30.4' : '1.31.0',
      })
    expect(await outcome(parent)).toBe(0)
    expect(await readFile(join(parent, 'matrix.html'), 'utf8')).toContain('All 4 cells passed')
  })

  test('without results stand where they belong, by name, and nothing is green', async () => {
    const parent = await scratchFolder()
    await reportFolder(parent, 'gateway-istio-1.30', { istio: '1.30.4' })
    await reportFolder(parent, 'gateway-istio-1.31', { istio: '1.31.0' })
    await reportFolder(parent, 'vpn-istio-1.30', { topology: 'vpn', istio: '1.30.4' })
    expect(await outcome(parent)).toBe(2)
    expect((await tableOf(parent)).at(-1)).toEqual([
      'vpn',
      '✓ passed 1 passed',
      '? not run vpn-istio-1.31: it left no results',
    ])
    expect(await readFile(join(parent, 'matrix.html'), 'utf8')).toContain('1 of 4 cells not complete')
  })

  test('without results are missing in every row that cells like them have', async () => {
    const parent = await scratchFolder()
    const [there, missing] = [cell('vpn', '1.30'), cell('vpn', '1.31')]
    await mkdir(join(parent, there.name))
    await writeReports(
      resultsOf(...(['strict', 'off'] as const).map((mtls) => topologyResult([checkResult()], { name: 'vpn', mtls }))),
      join(parent, there.name),
    )
    await renderFolders([parent], parent, [there, missing])
    const rows = await tableOf(parent)
    expect(rows.slice(1).map(([row, , second]) => [row, second])).toEqual(
      ['vpn', 'vpn with mutual TLS off'].map((row) => [row, '? not run vpn-istio-1.31: it left no results']),
    )
  })

  test('whose results are broken count as missing, and the others are rendered', async () => {
    const parent = await scratchFolder()
    for (const { name } of cells) await reportFolder(parent, name)
    await writeFile(join(parent, 'vpn-istio-1.31', 'results.json'), '{')
    expect(await outcome(parent)).toBe(2)
    expect((await tableOf(parent)).flat().filter((text) => text.includes('not run'))).toEqual([
      expect.stringContaining('vpn-istio-1.31: That is not a valid results.json'),
    ])
  })

  test('are as bad as the worst of them', async () => {
    const parent = await scratchFolder()
    for (const { name } of cells.slice(1)) await reportFolder(parent, name)
    await reportFolder(parent, cells[0]!.name, { verdict: 'fail' })
    expect(await outcome(parent)).toBe(1)
    await rm(join(parent, cells[1]!.name), { recursive: true })
    expect(await outcome(parent)).toBe(2)
    expect(await readFile(join(parent, 'matrix.html'), 'utf8')).toContain('1 of 4 cells failed, 1 not complete')
  })

  test('of which none left anything are all shown', async () => {
    const parent = await scratchFolder()
    expect(exitCodeOfCells((await renderFolders([join(parent, 'none')], parent, cells)).runs)).toBe(2)
    expect(await tableOf(parent)).toEqual([
      ['topology', 'Istio 1.30 Kubernetes unknown', 'Istio 1.31 Kubernetes unknown'],
      ...['gateway', 'vpn'].map((name) => [
        name,
        ...['1.30', '1.31'].map((istio) => `? not run ${name}-istio-${istio}: it left no results`),
      ]),
    ])
  })

  test('that differ by what they ask have a row each', async () => {
    const parent = await scratchFolder()
    await reportFolder(parent, '1-net')
    const suites = ['net', 'reach'].map((suite, index) => ({
      name: `${index + 1}-${suite}`,
      args: ['test', '--contexts=east,west', `--suite=${suite}.*`],
    }))
    await renderFolders([parent], parent, suites)
    expect(await tableOf(parent)).toEqual([
      ['cell', expect.stringMatching(/^Istio 1.31.0/)],
      ['1-net', '✓ passed 1 passed'],
      ['2-reach', '? not run it left no results'],
    ])
  })

  test('are no verdict where two folders claim one of them', async () => {
    const parent = await scratchFolder()
    for (const attempt of ['first', 'second']) await mkdir(join(parent, attempt))
    await reportFolder(join(parent, 'first'), cells[0]!.name)
    await reportFolder(join(parent, 'second'), cells[0]!.name, { verdict: 'fail' })
    expect(await errorOf(renderFolders([join(parent, 'first'), join(parent, 'second')], parent, cells))).toMatchObject({
      code: 'MP-164',
      message: expect.stringContaining(join('second', cells[0]!.name)),
    })
  })
})
