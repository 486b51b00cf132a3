import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { diagnosisMetrics } from '#report/diagnosis-metrics.ts'
import { metrics } from '#report/metrics.ts'
import { parse } from '#testing/prometheus-text.ts'
import { failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { serveMetrics } from './metrics.ts'

/** Serves folders until the end of the test. Returns the address of the metrics. */
const served = async (...folders: string[]): Promise<string> => {
  const stop = new AbortController()
  const address = await new Promise<string>((resolve, reject) => {
    const ended = serveMetrics({ folders }, (line) => resolve(line.replace('metrics at ', '')), stop.signal, 0)
    ended.catch(reject)
    onTestFinished(async () => {
      stop.abort()
      expect(await ended).toBe(0)
    })
  })
  return address
}

test('the metrics of all folders are one page, and a folder may be empty until it has results', async () => {
  const [diagnosis, suites] = [await scratchFolder(), await scratchFolder()]
  await writeFile(join(diagnosis, 'metrics.prom'), 'a 1\n')
  const address = await served(diagnosis, suites)
  const response = await fetch(address)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await response.text()).toBe('a 1\n')
  await writeFile(join(suites, 'metrics.prom'), 'b 0\n')
  expect(await (await fetch(address)).text()).toBe('a 1\nb 0\n')
})

test('the metrics of two runs are series of their own, and a folder that is named twice counts once', async () => {
  const folders = [await scratchFolder(), await scratchFolder()]
  const runs = [resultsOf(topologyResult([checkResult()])), await failingRun()]
  for (const [index, folder] of folders.entries()) {
    const run = runs[index]
    if (run) await writeFile(join(folder, 'metrics.prom'), metrics(run))
  }
  const both = parse(await (await fetch(await served(...folders))).text())
  const passed = both.filter(({ name, labels, value }) => [name, labels['verdict'], value].join() === passedRun)
  expect(passed.map(({ labels }) => labels['folder'])).toEqual([folders[0]])
  expect(new Set(both.map(({ labels }) => labels['folder']))).toEqual(new Set(folders))

  const [first = ''] = folders
  const twice = await (await fetch(await served(first, `${first}/`))).text()
  expect(twice).toBe(await readFile(join(first, 'metrics.prom'), 'utf8'))
})

const passedRun = ['meshproof_run_verdict', 'pass', 1].join()

test('a diagnosis beside a run changes no series of either', async () => {
  const [suites, diagnosis] = [await scratchFolder(), await scratchFolder()]
  const texts = [metrics(await failingRun()), diagnosisMetrics({ at: 0, diagnosis: undefined, certificates: [] })]
  await writeFile(join(suites, 'metrics.prom'), texts[0] ?? '')
  await writeFile(join(diagnosis, 'metrics.prom'), texts[1] ?? '')
  expect(await (await fetch(await served(suites, diagnosis))).text()).toBe(texts.join(''))
})

test('metrics that cannot be read are an error, and other paths do not exist', async () => {
  const folder = await scratchFolder()
  await writeFile(join(folder, 'file'), '')
  const address = await served(join(folder, 'file'))
  expect((await fetch(address)).status).toBe(500)
  expect((await fetch(new URL('/', address))).status).toBe(404)
})

test('a port that is taken is named', async () => {
  const port = Number(new URL(await served()).port)
  const second = serveMetrics({ folders: [] }, () => undefined, new AbortController().signal, port)
  expect(await errorOf(second)).toMatchObject({ code: 'MP-177', message: expect.stringContaining(`port ${port}`) })
})
