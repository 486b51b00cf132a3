import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A server of this machine: where it is, and its end. */
export type Served = { address: string; close: () => Promise<void> }

/** Listens on a port of this machine, or on one that is free. */
export const listen = async (server: Server & { closeAllConnections?: () => void }, port = 0): Promise<Served> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections?.()
      }),
  }
}

/**
 * What a plain download site answers: the files of a folder by their paths, or what a caller lacks of one that is still
 * the same.
 */
export const filesOf =
  (folder: string): RequestListener =>
  ({ url = '/', headers }, response) => {
    const file = join(folder, new URL(url, 'http://site').pathname)
    const answer = async (): Promise<void> => {
      const found = await stat(file).catch(() => undefined)
      if (!found?.isFile()) {
        response.writeHead(404).end('no such file')
        return
      }
      const etag = `"${found.size}-${found.mtimeMs}"`
      const start = headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0
      const range = start > 0 ? { 'content-range': `bytes ${start}-${found.size - 1}/${found.size}` } : {}
      response.writeHead(start > 0 ? 206 : 200, {
        etag,
        'accept-ranges': 'bytes',
        'content-length': found.size - start,
        ...range,
      })
      await pipeline(createReadStream(file, { start }), response)
    }
    // Who asks may leave in the middle.
    answer().catch(() => response.destroy())
  }

/** A download site that serves a folder. */
export const serveSite = (folder: string, port: number): Promise<Served> => listen(createServer(filesOf(folder)), port)
