import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
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
