import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import type { IstioJudge } from './istio-list.ts'
import { judgeIstio, type IstioJudging } from './judge-istio.ts'

const clusters = [
  { name: 'cluster1', network: 'network1', kubeconfig: '/run/cluster1.kubeconfig' },
  { name: 'cluster2', network: 'network2', kubeconfig: '/run/cluster2.kubeconfig', primary: 'cluster1' },
]

const judge: IstioJudge = {
  name: 'istio-traffic',
  package: 'pilot',
  clusters: 'together',
  tests: ['TestTraffic', 'TestMirroring'],
  ingress: false,
  seconds: 154,
  without: [
    { tests: 'TestTraffic/dns', why: 'it needs a VM' },
    { tests: 'TestTraffic/.*/^auto-http', images: 'source', why: 'Envoy lacks a filter' },
    { tests: 'TestTraffic/vm', images: 'release', why: 'there is none' },
  ],
}

/** Runs a shell script as the program of Istio’s tests. */
const judged = async (script: string, given: Partial<IstioJudging> = {}, of: IstioJudge = judge) => {
  const folder = await scratchFolder()
  const source = await scratchFolder()
  await mkdir(join(source, 'tests/integration/pilot'), { recursive: true })
  const program = join(folder, 'pilot')
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const result = await judgeIstio(of, clusters, {
    tests: { programs: new Map([['pilot', program]]), source },
    known: [],
    hub: 'docker.io/istio',
    tag: '1.31-dev',
    echoImage: 'docker.io/istio/app:1.31-dev',
    istioNamespace: 'istio-system',
    revision: undefined,
    topology: 'multi-primary-multi-network',
    imageSource: 'source',
    folder,
    timeout: 20,
    signal: new AbortController().signal,
    ...given,
  })
  return { result, folder, source }
}

const printing = (text: string): string => `cat <<'END'\n${text}\nEND`

const log = (traffic: 'PASS' | 'FAIL' = 'PASS'): string => `\u0016=== RUN   TestTraffic/host
    traffic.go:253: no certificate
\u0016--- ${traffic}: TestTraffic/host (2.00s)
\u0016--- ${traffic}: TestTraffic (2.00s)
\u0016=== RUN   TestMirroring
\u0016--- PASS: TestMirroring (1.00s)`

describe('a judge made of Istio’s tests', () => {
  test('passes where all tests pass, and keeps its log without the marks of Go', async () => {
    const { result, folder } = await judged(printing(log()))
    expect(result).toMatchObject({
      judge: 'istio-traffic',
      version: '1.31-dev',
      clusters: ['cluster1', 'cluster2'],
      verdict: 'pass',
      reason: '',
      levels: [],
      tests: [
        { name: 'TestTraffic/host', verdict: 'pass', seconds: 2 },
        { name: 'TestMirroring', verdict: 'pass', seconds: 1 },
      ],
      log: 'judges/istio-traffic.log',
    })
    expect(await readFile(join(folder, result.log ?? ''), 'utf8')).toMatch(/^=== RUN {3}TestTraffic/)
  })

  test('runs in the folder of its package, and is told the clusters and the images', async () => {
    const script = `pwd; echo "$REPO_ROOT $ECHO_IMAGE"; for word in "$@"; do echo "$word"; case "$word" in
-istio.test.kube.topology=*) cat "\${word#*=}"; echo;; esac; done`
    const { folder, source } = await judged(script, { revision: 'canary', istioNamespace: 'mesh-root' })
    const printed = (await readFile(join(folder, 'judges/istio-traffic.log'), 'utf8')).split('\n')
    expect(printed).toEqual(
      expect.arrayContaining([
        join(source, 'tests/integration/pilot'),
        `${source} docker.io/istio/app:1.31-dev`,
        '-test.run=^(TestTraffic|TestMirroring)$',
        '-istio.test.skip=TestTraffic/dns',
        '-istio.test.skip=TestTraffic/.*/^auto-http',
        '-istio.test.kube.config=/run/cluster1.kubeconfig,/run/cluster2.kubeconfig',
        '-istio.test.kube.deploy=false',
        '-istio.test.kube.systemNamespace=mesh-root',
        '-istio.test.revision=canary',
        '-istio.test.tag=1.31-dev',
      ]),
    )
    expect(printed).not.toContain('-istio.test.skip=TestTraffic/vm')
    const told = printed.find((line) => line.startsWith('[')) ?? ''
    expect(JSON.parse(told)).toEqual([
      {
        kind: 'Kubernetes',
        clusterName: 'cluster1',
        network: 'network1',
        meta: { kubeconfig: '/run/cluster1.kubeconfig' },
      },
      {
        kind: 'Kubernetes',
        clusterName: 'cluster2',
        network: 'network2',
        primaryClusterName: 'cluster1',
        meta: { kubeconfig: '/run/cluster2.kubeconfig' },
      },
    ])
  })

  test('of each cluster has a log of each', async () => {
    const { result } = await judged(printing(log()), {}, { ...judge, clusters: 'each' })
    expect(result.log).toBe('judges/istio-traffic-cluster1-cluster2.log')
  })

  test('fails where a test fails', async () => {
    const { result } = await judged(`${printing(log('FAIL'))}\nexit 1`)
    expect(result).toMatchObject({ verdict: 'fail', reason: '1 of 2 tests failed' })
    expect(result.tests[0]).toMatchObject({ name: 'TestTraffic/host', verdict: 'fail', reason: 'no certificate' })
  })

  const known = [{ test: /^TestTraffic\/host$/, why: 'Envoy lacks a filter' }]

  test('passes where a test fails as the list says, and the test is no passed one', async () => {
    const { result } = await judged(`${printing(log('FAIL'))}\nexit 1`, { known })
    expect(result).toMatchObject({ verdict: 'pass', reason: '' })
    expect(result.tests[0]).toMatchObject({
      verdict: 'skipped',
      reason: 'it fails, as is known: Envoy lacks a filter; it says: no certificate',
    })
  })

  test('says why a test is left out', async () => {
    const { result } = await judged(
      printing(`${log()}
=== RUN   TestTraffic/host/auto-http#01
    testcontext.go:113: Test skipped by flag
--- SKIP: TestTraffic/host/auto-http#01 (0.00s)`),
    )
    expect(result.tests.find(({ name }) => name.endsWith('#01'))).toMatchObject({
      verdict: 'skipped',
      reason: 'left out: Envoy lacks a filter',
    })
  })

  test.each([
    ['another topology', { on: ['vpn'] }],
    ['images from elsewhere', { images: 'release' as const }],
  ])('fails where the list says so of %s', async (_, limits) => {
    const { result } = await judged(`${printing(log('FAIL'))}\nexit 1`, {
      known: known.map((k) => ({ ...k, ...limits })),
    })
    expect(result.verdict).toBe('fail')
  })

  test('that hangs is stopped, and did not run', async () => {
    const { result } = await judged(`${printing('=== RUN   TestTraffic/host')}\nexec sleep 60`, { timeout: 1 })
    expect(result).toMatchObject({
      verdict: 'not-run',
      reason: 'it did not end within 1 s and was stopped',
      tests: [{ name: 'TestTraffic/host', verdict: 'not-run' }],
    })
  })

  test.each([
    ['sets up nothing', `${printing('error	Test setup error: no echo')}\nexit 254`, 'its set-up failed: no echo'],
    ['lacks one of its tests', printing('=== RUN   TestTraffic\n--- PASS: TestTraffic (1.00s)'), 'lacks TestMirroring'],
    ['breaks off', `${printing(`${log()}\n=== RUN   TestMirroring/more`)}\nexit 2`, '1 tests did not end'],
    [
      'skips all of its tests',
      printing(
        ['TestTraffic', 'TestMirroring'].map((name) => `=== RUN   ${name}\n--- SKIP: ${name} (0.00s)`).join('\n'),
      ),
      'it ran no test',
    ],
  ])('that %s proves nothing', async (_, script, reason) => {
    const { result } = await judged(script)
    expect(result).toMatchObject({ verdict: 'not-run', reason: expect.stringContaining(reason) })
  })

  test('is stopped by the signal', async () => {
    const stop = new AbortController()
    setTimeout(() => {
      stop.abort(new Error('interrupted'))
    }, 200)
    expect(await errorOf(judged('exec sleep 60', { signal: stop.signal }))).toMatchObject({ message: 'interrupted' })
  })
})
