import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { emptyCache } from '#testing/edge.ts'
import { buildAll } from './build.ts'
import type { BuildItem } from './build-item.ts'
import type { BuildProgress } from './build-progress.ts'

const silent = (): void => undefined

/** An item that adds its name to `started` and then does `work`. All that compile are of one module. */
const item = (
  name: string,
  lane: BuildItem['lane'],
  started: string[],
  work: (stop?: AbortSignal) => Promise<void> = async () => undefined,
): BuildItem => ({
  name,
  key: '0123',
  lane,
  ...(lane === 'cpu' ? { module: 'kubernetes' } : {}),
  seconds: 10,
  make: async (folder, { signal: stop }) => {
    started.push(name)
    await work(stop)
    await writeFile(join(folder, name), name)
  },
})

test('the folder of each item is returned by name, and the second time nothing is built', async () => {
  await emptyCache()
  const started: string[] = []
  const items = [item('kind', 'cpu', started), item('etcd', 'cpu', started), item('envoy', 'network', started)]
  const first = await buildAll(items, silent)
  expect(await readFile(join(first.get('envoy') ?? '', 'envoy'), 'utf8')).toBe('envoy')
  started.length = 0
  expect(new Map(await buildAll(items, silent))).toEqual(new Map(first))
  expect(started).toEqual([])
})

test('what has no key is made every time, beside what has one', async () => {
  await emptyCache()
  const started: string[] = []
  const { key: _, ...fresh } = item('istiod', 'cpu', started)
  const folders = await buildAll([item('kind', 'cpu', started), fresh], silent)
  expect(await buildAll([item('kind', 'cpu', started), fresh], silent)).toEqual(folders)
  expect(started).toEqual(['kind', 'istiod', 'istiod'])
})

test('programs of one module are built one at a time, two modules and downloads beside each other', async () => {
  await emptyCache()
  const running = new Map<string, number>()
  const most = new Map<string, number>()
  const download = Promise.withResolvers<undefined>()
  const compile =
    (...names: string[]) =>
    async (): Promise<void> => {
      const change = (by: number): void => {
        for (const name of names) running.set(name, (running.get(name) ?? 0) + by)
        for (const name of names) most.set(name, Math.max(most.get(name) ?? 0, running.get(name) ?? 0))
      }
      change(1)
      await download.promise // the first compilers wait for the download: run in one lane, none would end
      await sleep(5)
      change(-1)
    }
  const program = (name: string, module: string): BuildItem => ({
    ...item(name, 'cpu', [], compile(module, 'all')),
    module,
  })
  await buildAll(
    [
      program('kubelet', 'kubernetes'),
      program('kubectl', 'kubernetes'),
      program('pilot-agent', 'istio'),
      program('istioctl', 'istio'),
      program('coredns', 'coredns'),
      item('envoy', 'network', [], async () => {
        download.resolve(undefined)
      }),
    ],
    silent,
  )
  expect(Object.fromEntries(most)).toEqual({ all: 2, kubernetes: 1, istio: 1, coredns: 1 })
})

test('a failure is thrown as it came and stops what has not started; the next call resumes', async () => {
  await emptyCache()
  let broken = true
  const started: string[] = []
  const items = [
    item('kind', 'cpu', started),
    item('etcd', 'cpu', started, async () => {
      if (broken) throw new Error('no space left on device')
    }),
    item('coredns', 'cpu', started),
  ]
  await expect(buildAll(items, silent)).rejects.toThrow('no space left on device')
  expect(started).toEqual(['kind', 'etcd'])
  started.length = 0
  broken = false
  await buildAll(items, silent)
  expect(started).toEqual(['etcd', 'coredns'])
})

test('a failure of a compiler stops the downloads that have not started', async () => {
  await emptyCache()
  const started: string[] = []
  const twoDownloads = Promise.withResolvers<undefined>()
  const download = async (stop?: AbortSignal): Promise<void> => {
    if (started.filter((name) => name !== 'kind').length === 2) twoDownloads.resolve(undefined)
    await new Promise((resolve) => {
      stop?.addEventListener('abort', resolve)
    })
  }
  const downloads = ['envoy', 'tools', 'node'].map((name) => item(name, 'network', started, download))
  const compiler = item('kind', 'cpu', started, async () => {
    await twoDownloads.promise
    throw new Error('does not compile')
  })
  await expect(buildAll([compiler, ...downloads], silent)).rejects.toThrow('does not compile')
  await sleep(50)
  expect(started).not.toContain('node')
})

test('an abort starts nothing more and is thrown', async () => {
  await emptyCache()
  const started: string[] = []
  const stop = new AbortController()
  const items = [
    item('kind', 'cpu', started, async () => {
      stop.abort(new Error('stopped by hand'))
    }),
    item('etcd', 'cpu', started),
  ]
  await expect(buildAll(items, silent, stop.signal)).rejects.toThrow('stopped by hand')
  await sleep(20)
  expect(started).toEqual(['kind'])
})

test('progress counts what was cached as done and what remains in seconds', async () => {
  await emptyCache()
  const [kind, etcd, envoy] = [item('kind', 'cpu', []), item('etcd', 'cpu', []), item('envoy', 'network', [])]
  await buildAll([kind], silent)
  const updates: BuildProgress[] = []
  await buildAll([kind, etcd, envoy], (now) => {
    updates.push(now)
  })
  // The download runs beside the compiler.
  expect(updates[0]).toEqual({ building: ['etcd'], done: 1, of: 3, remaining: 10 })
  expect(updates.at(-1)).toEqual({ building: [], done: 3, of: 3, remaining: 0 })
})
