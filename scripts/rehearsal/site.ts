import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A running server on this machine; `address` is `host:port`. */
export type Served = { address: string; close: () => Promise<void> }

/** Makes a server listen on a port of this machine. Without a port it takes a free one. */
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
 * Answers requests as a download site does, with the files of a folder. A caller that has the first part of a file gets
 * the rest, if the file is still the same.
 */
export const serveFiles =
  (folder: string): RequestListener =>
  ({ url = '/', headers }, response) => {
    const file = join(folder, new URL(url, 'http://site').pathname)
    const answer = async (): Promise<void> => {
      const status = await stat(file).catch(() => undefined)
      if (!status?.isFile()) {
        response.writeHead(404).end('no such file')
        return
      }
      const etag = `"${status.size}-${status.mtimeMs}"`
      const start = headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0
      const range = start > 0 ? { 'content-range': `bytes ${start}-${status.size - 1}/${status.size}` } : {}
      response.writeHead(start > 0 ? 206 : 200, {
        etag,
        'accept-ranges': 'bytes',
        'content-length': status.size - start,
        ...range,
      })
      await pipeline(createReadStream(file, { start }), response)
    }
    // The caller may close the connection in the middle of an answer.
    answer().catch(() => response.destroy())
  }

/** Starts a download site that serves a folder. */
export const serveSite = (folder: string, port: number): Promise<Served> =>
  listen(createServer(serveFiles(folder)), port)
