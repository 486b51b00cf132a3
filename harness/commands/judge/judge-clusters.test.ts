import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { KubeClient, Manifest } from '#kube/client.ts'
import type { TopologyResult } from '#results/results.ts'
import { phaseLog } from '#run/phase-log.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { type FakeKube, fakeKube } from '#testing/fake-kube.ts'
import { variant } from '#testing/idle-lab.ts'
import { linesOf } from '#testing/screen.ts'
import type { Terminal } from '#report/terminal.ts'
import { judgeClusters, requireEchoIn } from './judge-clusters.ts'
import { inJudgesPhase, judgeRecord } from './judge-record.ts'
import { plannedJudges } from './plan-judges.ts'

const passing = `
for word in "$@"; do case "$word" in -report-output=*) REPORT=\${word#-report-output=};; esac; done
cat > "$REPORT" <<'END'
kind: ConformanceReport
gatewayAPIVersion: v1.6.3
profiles:
  - name: MESH-HTTP
    core: { result: success, statistics: { Passed: 1, Failed: 0, Skipped: 0 } }
END
echo '=== RUN   TestConformance/MeshBasic'
echo '    --- PASS: TestConformance/MeshBasic (1.00s)'
`

/** An API in which pods are in a state at once. */
const withPods = (kube: FakeKube, state: object): KubeClient => {
  const { get } = kube
  kube.get = async (ref) => {
    const found = await get(ref)
    if (found === undefined || ref.kind !== 'Pod') return found as never
    return { ...found, status: { containerStatuses: [{ name: 'echo', state }] } } as never
  }
  return kube
}

const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }

const silent = (): Terminal => {
  let terminal: Terminal | undefined
  linesOf((made) => {
    terminal = made
  })
  return terminal!
}

const judging = async (kubes: KubeClient[], script: string, timeout = 20) => {
  const folder = await scratchFolder()
  const program = join(folder, 'conformance')
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const mesh = await variant('multi-primary')
  let result: TopologyResult | undefined
  const terminal = silent()
  const record = judgeRecord(
    mesh,
    await plannedJudges(mesh, [{ name: 'gateway-api', version: 'v1.6.3' }]),
    phaseLog(terminal),
    (published) => {
      result = published
    },
  )
  record.publish()
  const clusters = kubes.map((kube, index) => ({
    name: `cluster${index + 1}`,
    context: `cluster${index + 1}`,
    kubeconfig: '',
    injection: {},
    kube,
  }))
  const asking = {
    runId: 'run-1',
    program,
    version: 'v1.6.3',
    echoImage: 'registry.example/app:1',
    istio: '1.31',
    folder,
    timeout,
    terminal,
    signal: new AbortController().signal,
  }
  const judge = async (): Promise<void> => {
    await requireEchoIn(clusters, asking)
    await judgeClusters(clusters, asking, record)
  }
  const work = inJudgesPhase(record, judge, asking.signal)
  return { work, result: () => result }
}

const namespace = (name: string, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
})

/** What the program would have made, had it been stopped: a namespace with the labels that it was told. */
const leftBehind = namespace('gateway-conformance-mesh-consumer', { 'dev.meshproof.run': 'run-1' })

describe('judging clusters', () => {
  test('gives a verdict for each, and leaves no namespace', async () => {
    const kubes = [fakeKube(), fakeKube()]
    const { work, result } = await judging(
      kubes.map((kube) => withPods(kube, running)),
      passing,
    )
    await work
    expect(result()).toMatchObject({
      verdict: 'pass',
      checks: [],
      judges: [
        { clusters: ['cluster1'], verdict: 'pass', tests: [{ name: 'MeshBasic', verdict: 'pass' }] },
        { clusters: ['cluster2'], verdict: 'pass' },
      ],
    })
    const namespaces = kubes.flatMap(({ objects }) => objects.filter(({ kind }) => kind === 'Namespace'))
    expect(namespaces).toEqual([])
  })

  test('removes what a judge that hangs has made', async () => {
    const kube = fakeKube()
    const { work, result } = await judging([withPods(kube, running)], 'exec sleep 60', 1)
    setTimeout(() => void kube.create(leftBehind), 300)
    await work
    expect(result()?.judges?.[0]).toMatchObject({ verdict: 'not-run' })
    expect(result()).toMatchObject({ verdict: 'not-run', reason: expect.stringContaining('did not end within 1 s') })
    expect(kube.objects.filter(({ kind }) => kind === 'Namespace')).toEqual([])
  })

  test('is refused where echo cannot be pulled, and no judge is asked', async () => {
    const kube = fakeKube()
    const state = { waiting: { reason: 'ErrImagePull', message: 'registry.example: no such host' } }
    const { work, result } = await judging([withPods(kube, state)], passing)
    expect(await errorOf(work)).toMatchObject({
      code: 'MP-371',
      exitCode: 2,
      message: expect.stringMatching(
        /cluster1, registry\.example\/app:1.*ErrImagePull: registry\.example: no such host/,
      ),
      next: expect.stringContaining('--echo-image'),
    })
    expect(result()?.judges?.[0]).toMatchObject({ verdict: 'not-run', tests: [] })
    expect(kube.objects.filter(({ kind }) => kind === 'Namespace')).toEqual([])
  })

  test('is refused where a namespace of the judge’s name is not ours', async () => {
    const kube = fakeKube(namespace('gateway-conformance-mesh'))
    const { work } = await judging([withPods(kube, running)], passing)
    expect(await errorOf(work)).toMatchObject({
      code: 'MP-140',
      message: expect.stringContaining('gateway-conformance-mesh'),
    })
    expect(kube.objects).toHaveLength(1)
  })
})
