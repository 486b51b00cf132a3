import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { JudgeResult } from '#results/results.ts'
import { scratchFolder } from '#testing/edge.ts'
import { injectingKube, keyIn, labWith, mesh } from '#testing/injecting-kube.ts'
import { linesOf } from '#testing/screen.ts'
import type { Terminal } from '#report/terminal.ts'
import { judgeLabByIstio } from './judge-lab.ts'

const ofTests = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'istio-testing': 'istio-test' } },
})

const silent = (): Terminal => {
  let terminal: Terminal | undefined
  linesOf((made) => {
    terminal = made
  })
  return terminal!
}

const gateway: Manifest = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'cross-network-gateway', namespace: 'istio-system' },
  spec: { selector: { istio: 'eastwestgateway' } },
}

/** Asks one judge about a lab of one cluster, whose program is a shell script. */
const judged = async (stays: boolean, script: string, kube = injectingKube()) => {
  await kube.create(ofTests('echo-1-of-an-earlier-run'))
  const folder = await scratchFolder()
  await mkdir(join(folder, 'source/tests/integration/pilot'), { recursive: true })
  const program = join(folder, 'pilot')
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const results: JudgeResult[] = []
  const asking = {
    asked: [
      {
        name: 'istio-locality' as const,
        package: 'pilot' as const,
        clusters: 'each' as const,
        tests: ['TestLocality'],
        ingress: false,
        seconds: 15,
        without: [],
      },
    ],
    known: [],
    tests: { programs: new Map([['pilot', program]]), source: join(folder, 'source') },
    servers: [],
    hub: 'docker.io/istio',
    tag: '1.31-dev',
    echoImage: 'docker.io/istio/app:1.31-dev',
    folder,
    timeout: 20,
    stays,
    terminal: silent(),
    signal: new AbortController().signal,
  }
  const record = { judged: (result: JudgeResult) => results.push(result) } as never
  await judgeLabByIstio(await labWith(kube), asking, record)
  return { kube, results }
}

const passing = "echo '=== RUN   TestLocality'; echo '--- PASS: TestLocality (1.00s)'"

test('a lab that stays is as it was, without the namespaces of the tests', async () => {
  const { kube, results } = await judged(true, passing)
  expect(results).toMatchObject([{ judge: 'istio-locality', clusters: ['cluster1'], verdict: 'pass' }])
  expect(keyIn(kube, 'istio', 'mesh')).toBe(mesh)
  expect(kube.objects.map(({ kind }) => kind)).toContain('PeerAuthentication')
  expect(kube.objects.map(({ kind }) => kind)).not.toContain('Namespace')
})

test('a lab that stays has the Gateway between networks, which one of the tests deletes', async () => {
  const kube = injectingKube()
  await kube.create(gateway)
  const merge = kube.merge
  // Writing back the mesh configuration is what follows the tests.
  kube.merge = async (change) => {
    await merge(change)
    await kube.remove({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      name: 'cross-network-gateway',
      namespace: 'istio-system',
    })
  }
  await judged(true, passing, kube)
  expect(kube.objects.find(({ kind }) => kind === 'Gateway')).toMatchObject(gateway)
})

test('in a lab that goes nothing is taken back', async () => {
  const { kube, results } = await judged(false, 'exit 1')
  expect(results).toMatchObject([{ verdict: 'not-run', reason: 'it printed nothing' }])
  expect(keyIn(kube, 'istio', 'mesh')).not.toBe(mesh)
})
