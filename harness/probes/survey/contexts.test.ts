import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { setVariable } from '#testing/edge.ts'
import { connectContexts } from './contexts.ts'

const kubeconfig = async (...contexts: string[]): Promise<string> => {
  const path = join(await mkdtemp(join(tmpdir(), 'contexts-')), 'config')
  await writeFile(
    path,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': contexts[0],
      users: contexts.map((name) => ({ name, user: { token: `of-${name}` } })),
      clusters: contexts.map((name) => ({ name, cluster: { server: `https://${name}.example:6443` } })),
      contexts: contexts.map((name) => ({ name, context: { cluster: name, user: name } })),
    }),
  )
  return path
}

test('each context gets a configuration of its own, from one file or several', async () => {
  const paths = [await kubeconfig('east', 'unused'), await kubeconfig('west')].join(':')
  const clusters = connectContexts(['west', 'east'], paths)
  expect(
    clusters.map(({ context, kube }) => [
      context,
      kube.config.getCurrentCluster()?.server,
      kube.config.getCurrentUser()?.token,
    ]),
  ).toEqual([
    ['west', 'https://west.example:6443', 'of-west'],
    ['east', 'https://east.example:6443', 'of-east'],
  ])
})

test.each([
  [['east'], 'MP-115', 'a context for each'],
  [['east', 'east'], 'MP-115', '“east” is named twice'],
  [['east', 'wset'], 'MP-101', 'Unknown context “wset”'],
])('%j is refused', async (contexts, code, words) => {
  const path = await kubeconfig('east', 'west')
  expect(() => connectContexts(contexts, path)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(words) }),
  )
})

test('a kubeconfig without any context says so', async () => {
  const path = await kubeconfig()
  expect(() => connectContexts(['east', 'west'], path)).toThrow(
    expect.objectContaining({
      code: 'MP-101',
      message: expect.stringContaining('the kubeconfig has no context'),
      next: expect.stringContaining('get-contexts'),
    }),
  )
})

test('the nearest context is suggested', async () => {
  const path = await kubeconfig('production-east', 'production-west')
  expect(() => connectContexts(['production-east', 'production-wset'], path)).toThrow(
    expect.objectContaining({ next: expect.stringContaining('“production-west”') }),
  )
})

test('a file that is not there, or is no kubeconfig, is told by its path', async () => {
  expect(() => connectContexts(['a', 'b'], '/nowhere/config')).toThrow(
    expect.objectContaining({ code: 'MP-116', message: expect.stringContaining('/nowhere/config') }),
  )
})

test('the cluster of a pod is none where there is no pod', async () => {
  setVariable('KUBERNETES_SERVICE_HOST', '')
  const path = await kubeconfig('east', 'west')
  expect(() => connectContexts(['in-cluster', 'west'], path)).toThrow(expect.objectContaining({ code: 'MP-172' }))
})
