import { createHash } from 'node:crypto'
import { appendFile, readFile, readdir, stat } from 'node:fs/promises'
import { createServer, get, type RequestListener, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { emptyCache, listening, scratchFolder, unusedAddress } from '#testing/edge.ts'
import { artifact, isCached } from '#images/cache.ts'
import { download } from './download.ts'

const content = 'a published file '.repeat(10_000)
const sha256 = createHash('sha256').update(content).digest('hex')
const otherSha256 = '0'.repeat(64)

const serve = async (answer: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listening(createServer(answer))}`

test('a file is kept when its checksum is the pinned one, also behind a redirect', async () => {
  const folder = await scratchFolder()
  const url = await serve((request, response) => {
    if (request.url === '/kind') response.writeHead(302, { location: '/storage/kind' }).end('moved')
    else response.end(content)
  })
  await download({ url: `${url}/kind`, sha256 }, join(folder, 'kind'))
  expect(await readFile(join(folder, 'kind'), 'utf8')).toBe(content)
})

test('another checksum is refused, and nothing is left on disk', async () => {
  const folder = await scratchFolder()
  const url = await serve((_request, response) => {
    response.end(content)
  })
  await expect(download({ url: `${url}/kind`, sha256: otherSha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-311',
    message: expect.stringContaining(`${url}/kind): expected ${otherSha256}, got ${sha256}`),
  })
  expect(await readdir(folder)).toEqual([])
})

test('another checksum leaves nothing in the cache either', async () => {
  const folder = await emptyCache()
  const url = await serve((_request, response) => {
    response.end(content)
  })
  const made = artifact('kind', otherSha256, (into) => download({ url, sha256: otherSha256 }, join(into, 'kind')))
  await expect(made).rejects.toMatchObject({ code: 'MP-311' })
  expect(await isCached('kind', otherSha256)).toBe(false)
  expect(await readdir(join(folder, 'meshproof/artifacts'))).toEqual([])
})

test('a file that does not exist is reported with the HTTP status', async () => {
  const folder = await scratchFolder()
  const url = await serve((_request, response) => {
    response.writeHead(404).end('no such file')
  })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-321',
    message: expect.stringMatching(/HTTP 404$/),
  })
  expect(await readdir(folder)).toEqual([])
})

describe('a host that is busy', () => {
  test.each([
    ['429 with seconds', 429, '1'],
    ['503 with a date', 503, new Date(Date.now() + 1000).toUTCString()],
    ['502 without a word', 502, undefined],
  ])('HTTP %s: is asked again, and a message says so', async (_, status, after) => {
    const folder = await scratchFolder()
    const requestTimes: number[] = []
    const url = await serve((_request, response) => {
      if (requestTimes.push(performance.now()) > 1) response.end(content)
      else response.writeHead(status, after === undefined ? {} : { 'retry-after': after }).end('busy')
    })
    const messages: string[] = []
    const patience = { tell: (line: string) => messages.push(line), pause: async () => undefined }
    await download({ url, sha256 }, join(folder, 'kind'), patience)
    expect(await readFile(join(folder, 'kind'), 'utf8')).toBe(content)
    expect(messages).toEqual([
      expect.stringMatching(new RegExp(`^${new URL(url).host}: HTTP ${status}, again in [01] s$`)),
      '',
    ])
  })

  test('and asks for a pause of an hour: its status is reported at once', async () => {
    const folder = await scratchFolder()
    const url = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end()
    })
    await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
      code: 'MP-321',
      message: expect.stringMatching(/HTTP 429$/),
    })
  })
})

describe('a download that breaks off', () => {
  /**
   * Serves the content for a file at `path`, and breaks off twice, once what it has sent is there. Keeps to ranges
   * where it has a version to compare, and writes down what it was asked.
   */
  const breaking = async (
    path: string,
    versions: (string | undefined)[],
    now = content,
  ): Promise<{ url: string; ranges: (string | undefined)[] }> => {
    const ranges: (string | undefined)[] = []
    const url = await serve((request, response) => {
      const version = versions[Math.min(ranges.length, versions.length - 1)]
      const from =
        version !== undefined && request.headers['if-range'] === version
          ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
          : 0
      const last = ranges.push(request.headers.range) === 3
      const body = (last ? content : now).slice(from)
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': body.length,
        ...(version ? { etag: version } : {}),
        ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
      })
      if (last) response.end(body)
      else
        response.write(body.slice(0, 1000), () => {
          void breakOff(response, path, from + 1000)
        })
    })
    return { url, ranges }
  }

  /** Breaks an answer off once so many bytes are in a file. */
  const breakOff = async (response: ServerResponse, path: string, bytes: number): Promise<void> => {
    const arrived = (): Promise<number> =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      )
    while (!response.closed && (await arrived()) < bytes) await sleep(5)
    response.destroy()
  }

  test('continues where it stopped, if the host confirms that the file is the same', async () => {
    const path = join(await scratchFolder(), 'kind')
    const { url, ranges } = await breaking(path, ['"one"'])
    await download({ url, sha256 }, path, { pause: async () => undefined })
    expect(await readFile(path, 'utf8')).toBe(content)
    expect(ranges).toEqual([undefined, 'bytes=1000-', 'bytes=2000-'])
  })

  test('continues after what has arrived, whatever else was written by then', async () => {
    const path = join(await scratchFolder(), 'kind')
    const { url } = await breaking(path, ['"one"'])
    await download({ url, sha256 }, path, { pause: () => appendFile(path, 'half of a part') })
    expect(await readFile(path, 'utf8')).toBe(content)
  })

  test.each<[string, (string | undefined)[]]>([
    ['says nothing of versions', [undefined]],
    ['has another file by now', ['"one"', '"one"', '"two"']],
  ])('begins again where the host %s', async (_, versions) => {
    const path = join(await scratchFolder(), 'kind')
    const { url } = await breaking(path, versions, 'another file '.repeat(1_000))
    await download({ url, sha256 }, path, { pause: async () => undefined })
    expect(await readFile(path, 'utf8')).toBe(content)
  })

  test('and whose host is gone then names it, and leaves nothing on disk', async () => {
    const folder = await scratchFolder()
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.slice(0, 1000), () => {
        server.close()
        server.closeAllConnections()
      })
    })
    const port = await listening(server)
    await expect(download({ url: `http://127.0.0.1:${port}`, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
      code: 'MP-320',
    })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a host that is slow', () => {
  /** Sends a tenth of the content every 80 ms, so many times. */
  const dripping = (times: number): Promise<string> =>
    serve((_request, response) => {
      response.writeHead(200, { 'content-length': content.length })
      const tenth = content.length / 10
      const drop = (sent: number): void => {
        if (sent === times) return
        response.write(content.slice(sent * tenth, (sent + 1) * tenth))
        setTimeout(drop, 80, sent + 1)
      }
      drop(0)
    })

  test('is waited for as long as bytes come', async () => {
    const folder = await scratchFolder()
    await download({ url: await dripping(10), sha256 }, join(folder, 'kind'), {}, 500)
    expect(await readFile(join(folder, 'kind'), 'utf8')).toBe(content)
  })

  test('is not waited for when no bytes come, and is not asked again', async () => {
    const folder = await scratchFolder()
    const pause = vi.fn(async () => undefined)
    const stopped = download({ url: await dripping(2), sha256 }, join(folder, 'kind'), { pause }, 500)
    await expect(stopped).rejects.toMatchObject({ code: 'MP-321', message: expect.stringContaining('it stood still') })
    expect(pause).not.toHaveBeenCalled()
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a proxy', () => {
  /** A proxy that forwards every request to `to` and records the hosts that were requested. */
  const proxy = async (to: string): Promise<{ address: string; requestedHosts: string[] }> => {
    const requestedHosts: string[] = []
    const server = createServer((request, response) => {
      requestedHosts.push(new URL(request.url ?? '').host)
      get(to, (answer) => {
        answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers))
      })
    })
    server.on('connect', (request, socket) => {
      requestedHosts.push(request.url ?? '')
      const through = connect(Number(new URL(to).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
      })
      socket.pipe(through).pipe(socket)
    })
    return { address: `http://127.0.0.1:${await listening(server)}`, requestedHosts }
  }

  /** Loads the module again, as a new process would: it reads the proxies from the environment only once. */
  const withProxy = async (address: string, noProxy: string): Promise<{ download: typeof download }> => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, address)
    vi.stubEnv('NO_PROXY', noProxy)
    vi.resetModules()
    onTestFinished(() => {
      vi.unstubAllEnvs()
      vi.resetModules()
    })
    return import('./download.ts')
  }

  test('from the environment is used, also for the next attempt', async () => {
    const folder = await scratchFolder()
    let requests = 0
    const site = await serve((_request, response) => {
      if (requests++ === 0) response.writeHead(503, { 'retry-after': '0' }).end()
      else response.end(content)
    })
    const { address, requestedHosts } = await proxy(site)
    const { download: fetched } = await withProxy(address, '')
    await fetched({ url: 'http://downloads.invalid/kind', sha256 }, join(folder, 'kind'))
    expect(await readFile(join(folder, 'kind'), 'utf8')).toBe(content)
    expect(new Set(requestedHosts.map((host) => host.replace(/:80$/, '')))).toEqual(new Set(['downloads.invalid']))
  })

  test('gets a CONNECT request for an https address', async () => {
    const { address, requestedHosts } = await proxy(
      await serve((_request, response) => {
        response.end()
      }),
    )
    const { download: fetched } = await withProxy(address, '')
    await expect(
      fetched({ url: 'https://downloads.invalid/kind', sha256 }, join(await scratchFolder(), 'kind')),
    ).rejects.toMatchObject({ code: 'MP-320' })
    expect(requestedHosts).toEqual(['downloads.invalid:443'])
  })

  test('is not used for hosts of NO_PROXY', async () => {
    const { address, requestedHosts } = await proxy(
      await serve((_request, response) => {
        response.end()
      }),
    )
    const { download: fetched } = await withProxy(address, 'other.invalid,.downloads.invalid')
    await expect(
      fetched({ url: 'http://a.downloads.invalid/kind', sha256 }, join(await scratchFolder(), 'kind')),
    ).rejects.toMatchObject({ code: 'MP-320' })
    expect(requestedHosts).toEqual([])
  })
})

test('a host that refuses the connection is named at once, and not asked again', async () => {
  const folder = await scratchFolder()
  const host = await unusedAddress()
  const messages: string[] = []
  const patience = { tell: (line: string) => messages.push(line), pause: async () => undefined }
  await expect(download({ url: `http://${host}/kind`, sha256 }, join(folder, 'kind'), patience)).rejects.toMatchObject({
    code: 'MP-320',
    message: `${host} does not answer: ECONNREFUSED, the connection is refused`,
  })
  expect(messages).toEqual([])
})

test('behind a redirect, the host that cannot be reached is named, not the one that answered', async () => {
  const folder = await scratchFolder()
  const host = await unusedAddress()
  const url = await serve((_request, response) => {
    response.writeHead(302, { location: `http://${host}/kind` }).end()
  })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-320',
    message: expect.stringContaining(`${host} does not answer`),
  })
})

test('a redirect that leads in circles ends', async () => {
  const folder = await scratchFolder()
  const url = await serve((_request, response) => {
    response.writeHead(302, { location: '/' }).end()
  })
  await expect(download({ url, sha256 }, join(folder, 'kind'))).rejects.toMatchObject({
    code: 'MP-321',
    message: expect.stringMatching(/more than 5 redirects$/),
  })
})

test('a download stops when asked to, and leaves nothing on disk', async () => {
  const folder = await scratchFolder()
  const stop = new AbortController()
  const url = await serve((_request, response) => {
    response.write(content)
  })
  const stopped = download({ url, sha256 }, join(folder, 'kind'), { signal: stop.signal })
  await expect.poll(() => readdir(folder)).toEqual(['kind'])
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'MP-130' })
  expect(await readdir(folder)).toEqual([])
})

test('a person is told how much of a file has arrived, and its size', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': content.length }).write(content.slice(0, 50_000))
    setTimeout(() => response.end(content.slice(50_000)), 300)
  })
  const told: unknown[] = []
  await download({ url: `${url}/kind`, sha256 }, join(await scratchFolder(), 'kind'), {
    arrived: (transferred) => told.push(transferred),
  })
  expect(told.length).toBeGreaterThan(0)
  for (const message of told) expect(message).toEqual({ bytes: expect.any(Number), of: content.length })
})
