import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import type { Lab } from '#lab/lab.ts'
import { runFolder } from '#lab/run-state.ts'
import { emptyCache, errorOf, fakeProgram, listening, scratchFolder } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { collectBundle, labSource } from './collect.ts'
import { patience } from './piece.ts'

const password = 'one-that-nobody-guesses'
const pod = {
  metadata: { namespace: 'istio-system', name: 'istiod-1', labels: { app: 'istiod' } },
  spec: { containers: [{ name: 'discovery' }] },
  status: { containerStatuses: [{ name: 'discovery', restartCount: 1 }] },
}
const kinds = ['Pod', 'Secret', 'Event', 'Service'].map((kind) => ({
  name: `${kind.toLowerCase()}s`,
  kind,
  namespaced: true,
  singularName: '',
  verbs: [],
}))
const answers: Record<string, unknown> = {
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: kinds },
  '/apis': { kind: 'APIGroupList', groups: [] },
  '/api/v1/pods': { items: [pod] },
  '/api/v1/secrets': {
    items: [
      {
        metadata: { namespace: 'app1', name: 'database' },
        data: { password: Buffer.from(password).toString('base64') },
      },
    ],
  },
  '/api/v1/events': { items: [] },
  '/api/v1/services': {
    items: [
      {
        metadata: {
          namespace: 'app1',
          name: 'helloworld',
          managedFields: [{ manager: 'x' }],
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x' },
        },
      },
    ],
  },
  '/api/v1/namespaces/istio-system/pods/istiod-1/log': `connecting with ${password}`,
}

/**
 * A lab of which one cluster’s API answers, a little, and of the other there is not even a kubeconfig; its node is
 * there all the same.
 */
const halfALab = async (answer: (path: string) => unknown = (path) => answers[path]): Promise<Lab> => {
  await emptyCache()
  await fakeProgram(
    'docker',
    `case "$*" in *cluster2*journalctl*) echo 'no journal files were found' >&2; exit 1;; *route*) echo ` +
      `'unreachable 10.20.0.0/16';; esac`,
  )
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const found = query.includes('previous=true') ? undefined : answer(path)
    if (found === 'silence') return
    response
      .writeHead(found === undefined ? 404 : 200, {
        'content-type': typeof found === 'string' ? 'text/plain' : 'application/json',
      })
      .end(typeof found === 'string' ? found : JSON.stringify(found ?? { message: 'not found' }))
  })
  const port = await listening(server)
  const lab = await idleLab()
  await mkdir(runFolder(lab.runId), { recursive: true })
  await writeFile(
    lab.cluster('cluster1').kubeconfig,
    stringify({
      clusters: [
        {
          name: 'kind',
          cluster: {
            server: `http://127.0.0.1:${port}`,
            'insecure-skip-tls-verify': true,
          },
        },
      ],
      users: [{ name: 'kind' }],
      contexts: [{ name: 'kind', context: { cluster: 'kind', user: 'kind' } }],
      'current-context': 'kind',
    }),
  )
  return lab
}

const never = new AbortController().signal

test('what can be had is written, without the values of any secret; the rest is listed with its reason', async () => {
  const folder = join(await scratchFolder(), 'bundle')
  expect(
    await collectBundle(labSource(await halfALab()), { folder, bytes: 1_000_000, story: ['gateway: fail'] }, never),
  ).toBe(true)
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  expect(files.map((file) => file.slice(folder.length + 1)).sort()).toEqual([
    'cluster1/logs/istio-system/istiod-1/discovery.log',
    'cluster1/node/routes.txt',
    ...['Pod', 'Secret', 'Service'].map((kind) => `cluster1/objects/${kind}.yaml`),
    'cluster1/pods.txt',
    'cluster2/node/routes.txt',
    'index.md',
  ])
  const texts = new Map(
    await Promise.all(
      files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const),
    ),
  )
  for (const text of texts.values()) expect(text).not.toContain(password)
  expect(texts.get('cluster1/logs/istio-system/istiod-1/discovery.log')).toBe('connecting with [redacted]')
  expect(texts.get('cluster1/objects/Service.yaml')).toBe(
    '- apiVersion: v1\n  kind: Service\n  metadata:\n    namespace: app1\n    name: helloworld\n    annotations: {}\n',
  )
  expect(texts.get('cluster1/node/routes.txt')).toBe('unreachable 10.20.0.0/16')
  const index = texts.get('index.md')
  expect(index).toContain('\ngateway: fail\n')
  expect(index).toMatch(/^- `cluster1\/istiod\/istiod-1\/syncz.json`: A page of a pod could not be read/m)
  expect(index).toContain(
    '- `cluster1/logs/istio-system/istiod-1/discovery.previous.log`: The API server refused to read the log of ' +
      'discovery (istio-system/istiod-1): 404 not found\n',
  )
  expect(index).toMatch(/^- `cluster1\/objects\/Node.yaml`: /m)
  expect(index).toMatch(/^- `cluster2`: .*cluster2.kubeconfig/m)
  expect(index).toMatch(/^- `cluster2\/node\/kubelet.log`: .*no journal files were found/m)
})

test('a run that is interrupted waits for nothing', async () => {
  const folder = join(await scratchFolder(), 'bundle')
  const stop = new AbortController()
  const since = performance.now()
  const collecting = collectBundle(
    labSource(await halfALab(() => 'silence')),
    { folder, bytes: 1_000_000, story: [] },
    stop.signal,
  )
  setTimeout(() => {
    stop.abort(new Error('interrupted'))
  }, 100)
  expect(await collecting).toBe(false)
  expect(performance.now() - since).toBeLessThan(patience)
  expect(await errorOf(readdir(folder))).toMatchObject({ code: 'ENOENT' })
})

test('of clusters that are not ours it takes only what is in some namespaces, and nothing of their nodes', async () => {
  const folder = join(await scratchFolder(), 'bundle')
  const asked: string[] = []
  const {
    clusters: [cluster],
  } = await halfALab((path) => {
    asked.push(path)
    return path === '/api/v1/namespaces/istio-system/pods'
      ? { items: [pod] }
      : /\/namespaces\/[^/]+\/(pods|secrets|events|services)$/.test(path)
        ? { items: [] }
        : answers[path]
  })
  expect(
    await collectBundle(
      { clusters: [cluster!], namespaces: ['istio-system', 'ours'], nodes: () => [] },
      { folder, bytes: 1_000_000, story: [] },
      never,
    ),
  ).toBe(true)
  expect(
    asked
      .filter((path) => /\/(pods|secrets|events|services)$/.test(path))
      .every((path) => /\/namespaces\/(istio-system|ours)\//.test(path)),
  ).toBe(true)
  expect(await readdir(join(folder, 'cluster1'))).toEqual(expect.arrayContaining(['logs', 'objects', 'pods.txt']))
  expect(await readdir(folder)).toEqual(['cluster1', 'index.md'])
})
