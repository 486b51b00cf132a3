import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { z } from 'zod'

/** The programs of Debian’s package `prometheus`, unpacked into a folder and not installed. */
export type PrometheusPrograms = { prometheus: string; promtool: string }

/** Downloads the package with apt, and unpacks it into a folder. */
export const prometheusPrograms = async (folder: string): Promise<PrometheusPrograms> => {
  await execa('apt-get', ['download', 'prometheus'], { cwd: folder })
  const archive = (await readdir(folder)).find((name) => name.startsWith('prometheus_')) ?? ''
  await execa('dpkg-deb', ['--extract', join(folder, archive), join(folder, 'debian')])
  const program = (name: string): string => join(folder, 'debian/usr/bin', name)
  return { prometheus: program('prometheus'), promtool: program('promtool') }
}

/** A Prometheus that runs on this machine. */
export type Prometheus = {
  /** The samples that a query gives now. */
  query: (expression: string) => Promise<{ metric: Record<string, string>; value: number }[]>
  /** The alerts that fire now, with their annotations. */
  alerts: () => Promise<{ labels: Record<string, string>; annotations: Record<string, string> }[]>
  end: () => Promise<void>
}

const Samples = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
})
const labels = z.record(z.string(), z.string())
const Alerts = z.object({
  data: z.object({ alerts: z.array(z.object({ state: z.string(), labels, annotations: labels })) }),
})

/** Starts a Prometheus that scrapes an address every two seconds and evaluates the rules of a file. */
export const startPrometheus = async (
  { prometheus }: PrometheusPrograms,
  { folder, target, rules }: { folder: string; target: string; rules: string },
): Promise<Prometheus> => {
  const port = await freePort()
  const config = join(folder, 'prometheus.yaml')
  await writeFile(
    config,
    stringify({
      global: { scrape_interval: '2s', evaluation_interval: '2s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'meshproof', honor_labels: true, static_configs: [{ targets: [target] }] }],
    }),
  )
  const child = execa(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'storage')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { reject: false, all: true },
  )
  const ask = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()
  return {
    query: async (expression) =>
      Samples.parse(await ask(`query?query=${encodeURIComponent(expression)}`)).data.result.map(
        ({ metric, value: [, value] }) => ({ metric, value: Number(value) }),
      ),
    alerts: async () => Alerts.parse(await ask('alerts')).data.alerts.filter(({ state }) => state === 'firing'),
    end: () => ended(child),
  }
}

/** Ends a program that this test has started, with `reject: false`. */
export const ended = async (child: PromiseLike<unknown> & { kill: (signal: 'SIGTERM') => boolean }): Promise<void> => {
  child.kill('SIGTERM')
  await child
}

/** A port of this machine that nothing listens at. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
