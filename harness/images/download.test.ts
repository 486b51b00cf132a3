import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { deserted } from '../testing/edge.ts'
import { artifact, isCached } from './cache.ts'
import { download } from './download.ts'

const content = 'a published file '.repeat(10_000)
const sha256 = createHash('sha256').update(content).digest('hex')
const otherSha256 = '0'.repeat(64)

const serve = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const scratch = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-download-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('a file is kept when its checksum is the pinned one, also behind a redirect', async () => {
  const folder = await scratch()
  const url = await serve((request, response) => {
    if (request.url === '/kind') response.writeHead(302, { location: '/storage/kind' }).end('moved')
    else response.end(content)
  })
  await download({ url: `${url}/kind`, sha256 }, join(folder, 'kind'))
  expect(await readFile(join(folder, 'kind'), 'utf8')).toBe(content)
})

test('another checksum is refused, and nothing is left on disk', async () => {
  const folder = await scratch()
  const url = await serve((_request, response) => { response.end(content) })
  await expect(download({ url: `${url}/kind`, sha256: otherSha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-311', message: expect.stringContaining(`${url}/kind): expected ${otherSha256}, got ${sha256}`),
  })
  expect(await readdir(folder)).toEqual([])
})

test('another checksum leaves nothing in the cache either', async () => {
  const folder = await scratch()
  vi.stubEnv('XDG_CACHE_HOME', folder)
  onTestFinished(() => { vi.unstubAllEnvs() })
  const url = await serve((_request, response) => { response.end(content) })
  const made = artifact('kind', otherSha256, (into) => download({ url, sha256: otherSha256 }, join(into, 'kind')))
  await expect(made).rejects.toMatchObject({ code: 'MP-311' })
  expect(await isCached('kind', otherSha256)).toBe(false)
  expect(await readdir(join(folder, 'meshproof/artifacts'))).toEqual([])
})

test('a file that is not there is told with its status', async () => {
  const folder = await scratch()
  const url = await serve((_request, response) => { response.writeHead(404).end('no such file') })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({ code: 'MP-321', message: expect.stringMatching(/HTTP 404$/) })
  expect(await readdir(folder)).toEqual([])
})

test('a download that breaks off leaves nothing on disk', async () => {
  const folder = await scratch()
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.slice(0, 1000), () => { response.destroy() })
  })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({ code: 'MP-321' })
  expect(await readdir(folder)).toEqual([])
})

test('a host that does not answer is named, within a second where it refuses', async () => {
  const folder = await scratch()
  const host = await deserted()
  const asked = performance.now()
  await expect(download({ url: `http://${host}/kind`, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-320', message: `${host} does not answer: ECONNREFUSED, the connection is refused`,
  })
  expect(performance.now() - asked).toBeLessThan(1_000)
})

test('behind a redirect, the host that is out of reach is named, not the one that answered', async () => {
  const folder = await scratch()
  const host = await deserted()
  const url = await serve((_request, response) => { response.writeHead(302, { location: `http://${host}/kind` }).end() })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({ code: 'MP-320', message: expect.stringContaining(`${host} does not answer`) })
})

test('a redirect that leads in circles ends', async () => {
  const folder = await scratch()
  const url = await serve((_request, response) => { response.writeHead(302, { location: '/' }).end() })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({ code: 'MP-321', message: expect.stringMatching(/more than 5 redirects$/) })
})

test('a download stops when asked to, and leaves nothing on disk', async () => {
  const folder = await scratch()
  const stop = new AbortController()
  const url = await serve((_request, response) => { response.write(content) })
  const stopped = download({ url, sha256 }, join(folder, 'kind'), stop.signal)
  await vi.waitFor(async () => { expect(await readdir(folder)).toEqual(['kind']) })
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'MP-130' })
  expect(await readdir(folder)).toEqual([])
})
