import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { writeReports, writeSoFar } from '#report/report-folder.ts'
import { Results } from '#results/results.ts'
import { fakeProgram, scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { openPage } from './open-page.ts'

const program = join(import.meta.dirname, '../../cli/main.ts')

test('a page is opened by the program of the platform, and the next one where that cannot', async () => {
  const page = join(await scratchFolder(), 'report.html')
  await withoutPrograms()
  expect(await openPage(page, 'linux')).toBe(false)
  await fakeProgram('xdg-open', 'exit 3')
  expect(await openPage(page, 'linux')).toBe(false)
  await fakeProgram('wslview', `echo "$1" > '${page}'`)
  expect(await openPage(page, 'linux')).toBe(true)
  expect(await readFile(page, 'utf8')).toBe(`${page}\n`)
  await fakeProgram('open', `echo "mac $1" > '${page}'`)
  expect(await openPage(page, 'darwin')).toBe(true)
  expect(await readFile(page, 'utf8')).toBe(`mac ${page}\n`)
  expect(await openPage(page, 'win32')).toBe(false)
})

test('--open says where the page is if nothing opens pages', async () => {
  const folder = await scratchFolder()
  await writeReports(resultsOf(topologyResult([checkResult()])), folder)
  await withoutPrograms()
  const { stdout, exitCode } = await execa(process.execPath, [program, 'report', folder, '--open'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(stdout.split('\n')).toEqual([
    join(folder, 'report.html'),
    `No program here opens pages. The page is ${join(folder, 'report.html')}`,
  ])
})

test('--watch renders whenever the run has written, waits for what is missing, and ends with Ctrl-C', async () => {
  const scratch = await scratchFolder()
  const folder = join(scratch, 'run')
  const running = execa(process.execPath, [program, 'report', folder, '--watch'], { cwd: scratch, reject: false })
  onTestFinished(() => {
    running.kill('SIGKILL')
  })
  let said = ''
  running.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const hasSaid = (words: string): Promise<void> => expect.poll(() => said).toContain(words)
  await hasSaid('MP-111')
  await mkdir(folder)
  const results = resultsOf(topologyResult([checkResult(), checkResult({ id: 'reach.path', verdict: 'not-run' })]))
  writeSoFar(results, folder)
  await hasSaid(`${results.run.id}  goes on  1 passed, 1 not run`)
  expect(await readFile(join(folder, 'report.html'), 'utf8')).toContain('The run has not ended')
  await writeFile(join(folder, 'results.json'), '{ "schema": ')
  await hasSaid('MP-113')
  const ended = resultsOf(topologyResult([checkResult()]))
  await writeFile(join(folder, 'results.json'), JSON.stringify(Results.parse(ended)))
  await hasSaid(`${ended.run.id}  passed  1 passed`)
  expect(await readFile(join(folder, 'report.html'), 'utf8')).not.toContain('The run has not ended')
  const written = async (): Promise<number> => (await stat(join(folder, 'report.html'))).mtimeMs
  const before = await written()
  await sleep(1200)
  expect(await written()).toBe(before)
  running.kill('SIGINT')
  const { exitCode, stderr } = await running
  expect([exitCode, stderr]).toEqual([0, ''])
})
