import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'
import { joined } from '#report/prometheus-text.ts'

/** The flags of `metrics`: folders with a `metrics.prom` each. */
export type MetricsOptions = { folders: string[] }

/** The port of `metrics`. */
const metricsPort = 9464

/**
 * Performs `metrics`: serves the `metrics.prom` of all folders as one page for Prometheus until the signal, and returns
 * 0. Metrics that several folders have get the label `folder`. Every request reads the files, because Kubernetes
 * replaces those of a mounted ConfigMap. A folder without the file has no results yet. `line` is called with the
 * address; with the port 0 the system chooses one.
 * @throws MeshproofError MP-177 where it cannot listen.
 */
export const serveMetrics = async (
  { folders }: MetricsOptions,
  line: (text: string) => void,
  signal: AbortSignal,
  port = metricsPort,
): Promise<number> => {
  const server = createServer(({ method, url }, response) => {
    if (method !== 'GET' || url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('metrics are at /metrics\n')
      return
    }
    metricsIn(folders).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      (error: unknown) => response.writeHead(500).end(`${reasonOf(error)}\n`),
    )
  })
  try {
    server.listen(port)
    await once(server, 'listening')
  } catch (error) {
    throw new MeshproofError('MP-177', {
      what: 'The metrics cannot be served',
      where: `port ${port}`,
      why: reasonOf(error),
      next: 'End the program that the port belongs to, and run the same command again.',
      cause: error,
    })
  }
  line(`metrics at http://localhost:${(server.address() as AddressInfo).port}/metrics`)
  if (!signal.aborted) await once(signal, 'abort')
  server.close()
  server.closeAllConnections()
  return 0
}

/** The metrics of all folders as one page. A folder that is named twice counts once. */
const metricsIn = async (folders: readonly string[]): Promise<string> => {
  const distinct = folders.filter(
    (folder, index) => folders.findIndex((other) => resolve(other) === resolve(folder)) === index,
  )
  return joined(
    await Promise.all(
      distinct.map(async (folder) => ({
        folder,
        text: await readFile(join(folder, 'metrics.prom'), 'utf8').catch((error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
          throw error
        }),
      })),
    ),
  )
}
