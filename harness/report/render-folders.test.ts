import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '../testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '../testing/results.ts'
import { renderFolders } from './render-folders.ts'
import { writeReports } from './report-folder.ts'

const reportFolder = async (parent: string, name: string, of: { istio?: string; verdict?: 'pass' | 'fail' } = {}): Promise<string> => {
  const folder = join(parent, name)
  await mkdir(folder)
  const results = resultsOf(topologyResult([checkResult({ verdict: of.verdict ?? 'pass' })]))
  await writeReports({ ...results, environment: { ...results.environment, istio: of.istio ?? '1.31.0' } }, folder)
  return folder
}

const contents = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all((await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), 'utf8')])))

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
    ['whose results are not JSON', 'MP-113', async () => { const folder = await scratchFolder(); await writeFile(join(folder, 'results.json'), '{'); return folder }],
  ])('%s is refused and left alone', async (_, code, make) => {
    const folder = await make()
    const before = await readdir(folder).catch(() => 'none')
    expect(await errorOf(renderFolders([folder], undefined))).toMatchObject({ code, message: expect.stringContaining(folder), exitCode: 2 })
    expect(await readdir(folder).catch(() => 'none')).toEqual(before)
  })

  test('whose results break their schema is told which field', async () => {
    const folder = await reportFolder(await scratchFolder(), 'run')
    const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))
    delete results.topologies[0].clusters
    await writeFile(join(folder, 'results.json'), JSON.stringify(results))
    expect(await errorOf(renderFolders([folder], undefined))).toMatchObject({ code: 'MP-113', message: expect.stringContaining('topologies.0.clusters: ') })
  })

  test('that cannot be written is told', async () => {
    const parent = await scratchFolder()
    const folder = await reportFolder(parent, 'run')
    expect(await errorOf(renderFolders([folder], join(folder, 'results.json')))).toMatchObject({ code: 'MP-114', next: expect.stringContaining('--report-dir') })
  })
})

describe('several folders', () => {
  test('become a page of variants by runs, ordered by version, that links to theirs', async () => {
    const parent = await scratchFolder()
    const [newer, older] = [await reportFolder(parent, 'a b', { istio: '1.30.0', verdict: 'fail' }), await reportFolder(parent, 'c', { istio: '1.9.0' })]
    const { pages } = await renderFolders([newer, older, join(parent, 'x', '..', 'c')], join(parent, 'all'))
    expect(pages).toEqual([join(newer, 'report.html'), join(older, 'report.html'), join(parent, 'all', 'matrix.html')])
    const page = await readFile(join(parent, 'all', 'matrix.html'), 'utf8')
    expect([...page.matchAll(/<b>Istio (.*?)<\/b>/g)].map(([, version]) => version)).toEqual(['1.9.0', '1.30.0'])
    expect([...page.matchAll(/<td class="(.*?)"><a href="(.*?)"/g)].map(([, verdict, link]) => [verdict, link])).toEqual([
      ['pass', '../c/report.html#gateway-strict'], ['fail', '../a%20b/report.html#gateway-strict'],
    ])
    expect(page).toContain('1 of 2 runs failed')
  })

  test('are all left alone when one of them cannot be read', async () => {
    const parent = await scratchFolder()
    const folder = await reportFolder(parent, 'run')
    await writeFile(join(folder, 'report.html'), 'old')
    expect(await errorOf(renderFolders([folder, join(parent, 'none')], join(parent, 'all')))).toMatchObject({ code: 'MP-111' })
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe('old')
    expect(await readdir(parent)).toEqual(['run'])
  })
})
