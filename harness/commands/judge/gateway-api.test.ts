import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { type Judging, judgeGatewayApi } from './gateway-api.ts'

const report = (core: { result?: string; passed?: number; failed?: number } = {}): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: ConformanceReport
gatewayAPIVersion: v1.6.3
profiles:
  - name: MESH-HTTP
    summary: Core tests succeeded.
    core:
      result: ${core.result ?? 'success'}
      statistics: { Passed: ${core.passed ?? 1}, Failed: ${core.failed ?? 0}, Skipped: 0 }
    extended:
      result: success
      statistics: { Passed: 1, Failed: 0, Skipped: 0 }
      supportedFeatures: [MeshConsumerRoute]
`

const log = (weight: 'PASS' | 'FAIL' = 'PASS'): string => `=== RUN   TestConformance
=== RUN   TestConformance/MeshHTTPRouteWeight
=== RUN   TestConformance/MeshConsumerRoute
    --- ${weight}: TestConformance/MeshHTTPRouteWeight (2.00s)
    --- PASS: TestConformance/MeshConsumerRoute (1.00s)
`

/** Runs a shell script as the program of the judge. `$REPORT` is the path of the report that it may write. */
const judged = async (script: string, given: Partial<Judging> = {}, name = 'cluster1') => {
  const folder = await scratchFolder()
  const program = join(folder, 'conformance')
  const findReport =
    'for word in "$@"; do case "$word" in -report-output=*) REPORT=${word#-report-output=};; esac; done'
  await writeFile(program, `#!/bin/sh\n${findReport}\n${script}\n`, { mode: 0o755 })
  const result = await judgeGatewayApi(
    { name, kubeconfig: '/run/cluster1.kubeconfig', injection: { 'istio.io/rev': 'canary' } },
    {
      runId: 'run-1',
      owner: 'host/1/2',
      program,
      version: 'v1.6.3',
      echoImage: 'docker.io/istio/app:1.31-dev',
      istio: '1.31-dev',
      folder,
      timeout: 20,
      signal: new AbortController().signal,
      ...given,
    },
  )
  return { result, folder }
}

const printing = (text: string): string => `cat <<'END'\n${text}\nEND`
const writing = (text: string): string => `cat > "$REPORT" <<'END'\n${text}\nEND`

describe('the judge gateway-api', () => {
  test('passes where all tests pass; its report stays as it is, with its log beside it', async () => {
    const { result, folder } = await judged([writing(report()), printing(log())].join('\n'))
    expect(result).toMatchObject({
      judge: 'gateway-api',
      version: 'v1.6.3',
      clusters: ['cluster1'],
      verdict: 'pass',
      reason: '',
      levels: [
        { name: 'core', result: 'success', passed: 1, failed: 0, skipped: 0 },
        { name: 'extended', result: 'success', passed: 1, failed: 0, skipped: 0 },
      ],
      tests: [
        { name: 'MeshHTTPRouteWeight', verdict: 'pass', reason: '', seconds: 2 },
        { name: 'MeshConsumerRoute', verdict: 'pass', reason: '', seconds: 1 },
      ],
      report: 'judges/gateway-api-cluster1.yaml',
      log: 'judges/gateway-api-cluster1.log',
    })
    expect(await readFile(join(folder, result.report ?? ''), 'utf8')).toBe(`${report()}\n`)
    expect(await readFile(join(folder, result.log ?? ''), 'utf8')).toContain(
      'TestConformance/MeshConsumerRoute (1.00s)',
    )
  })

  test('is told the cluster, its labels, whose its namespaces are, and the image', async () => {
    const { folder } = await judged('echo "$KUBECONFIG"; for word in "$@"; do echo "$word"; done')
    const printed = (await readFile(join(folder, 'judges/gateway-api-cluster1.log'), 'utf8')).split('\n')
    expect(printed).toEqual(
      expect.arrayContaining([
        '/run/cluster1.kubeconfig',
        '-conformance-profiles=MESH-HTTP',
        '-namespace-labels=istio.io/rev=canary,dev.meshproof.run=run-1',
        '-namespace-annotations=dev.meshproof.owner=host/1/2',
        '-echo-image=docker.io/istio/app:1.31-dev',
        '-version=1.31-dev',
      ]),
    )
  })

  test('writes into the folder of the reports, whatever a cluster is called', async () => {
    const { result, folder } = await judged(printing(log()), {}, '../../elsewhere')
    expect(result.log).toBe('judges/gateway-api-.._.._elsewhere.log')
    expect(await readFile(join(folder, result.log ?? ''), 'utf8')).toContain('TestConformance')
  })

  test('fails where a test fails', async () => {
    const failing = [writing(report({ result: 'failure', passed: 0, failed: 1 })), printing(log('FAIL')), 'exit 1']
    const { result } = await judged(failing.join('\n'))
    expect(result).toMatchObject({ verdict: 'fail', reason: '1 of 2 tests failed' })
    expect(result.tests[0]).toMatchObject({ name: 'MeshHTTPRouteWeight', verdict: 'fail' })
  })

  test('that hangs is stopped, and did not run', async () => {
    const { result } = await judged(`${printing('=== RUN   TestConformance/MeshBasic')}\nexec sleep 60`, { timeout: 1 })
    expect(result).toMatchObject({
      verdict: 'not-run',
      reason: 'it did not end within 1 s and was stopped',
      tests: [{ name: 'MeshBasic', verdict: 'not-run' }],
    })
    expect(result).not.toHaveProperty('report')
    expect(result.seconds).toBeLessThan(30)
  })

  test.each([
    ['writes no report', printing(log()), 'it wrote no report'],
    ['writes another document', [writing('kind: Other'), printing(log())].join('\n'), 'its report cannot be read'],
    ['ends with an error', [printing('panic: no way'), 'exit 2'].join('\n'), 'panic: no way'],
    ['ran no test', writing(report({ passed: 0 }).replace('Passed: 1', 'Passed: 0')), 'it ran no test'],
    [
      'calls its tests partial',
      [writing(report({ result: 'partial' })), printing(log())].join('\n'),
      'its report calls core “partial”',
    ],
    [
      'counts other tests than its log has',
      [writing(report({ passed: 7 })), printing(log())].join('\n'),
      'its report counts 8 passed tests, and its log 2',
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

  test('whose program cannot be started is an error', async () => {
    expect(await errorOf(judged('true', { program: '/nowhere/conformance' }))).toMatchObject({ code: 'ENOENT' })
  })
})
