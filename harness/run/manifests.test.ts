import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Job } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { readArguments } from '#cli/arguments.ts'
import { harnessImage } from '#images/source/harness-image.ts'
import { diagnosisMetrics } from '#report/diagnosis-metrics.ts'
import { metrics } from '#report/metrics.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { failingRun } from '#testing/report-results.ts'
import ownPackage from '../../package.json' with { type: 'json' }

const fixture = (...path: string[]): Promise<string> =>
  readFile(join(import.meta.dirname, '../../fixtures', ...path), 'utf8')

test('pods of cells are of this version’s image, and ask what the harness takes', async () => {
  const { spec } = parse(await fixture('manifests', 'cells-job.yaml')) as V1Job
  const [container] = spec?.template.spec?.containers ?? []
  expect(container?.image).toBe(harnessImage)
  expect(readArguments(container?.args ?? [], {})).toMatchObject({
    options: { contexts: ['in-cluster', 'cluster2'] },
  })
})

test('pods of cells keep to Kubernetes’ restricted standard and get no sidecar', async () => {
  const { spec } = parse(await fixture('manifests', 'cells-job.yaml')) as V1Job
  expect(spec?.template.metadata?.labels).toMatchObject({ 'sidecar.istio.io/inject': 'false' })
  expect(spec?.template.spec?.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(spec?.template.spec?.containers[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
})

test('the chart has the version of the package', async () => {
  const { version } = ownPackage
  expect(parse(await fixture('chart', 'Chart.yaml'))).toMatchObject({ version, appVersion: version })
})

test.each([['templates/rules.yaml'], ['files/dashboard.json']])(
  'the chart’s %s names metrics that are written, and those alone',
  async (path) => {
    const at = Date.parse('2026-11-01T12:00:00Z')
    const written =
      metrics(await failingRun()) + diagnosisMetrics({ at, diagnosis: diagnosisWith([]), certificates: [] })
    const names = [...written.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
    const named = [...new Set((await fixture('chart', path)).match(/\bmeshproof_\w+/g))]
    expect(named.length).toBeGreaterThan(3)
    expect(names).toEqual(expect.arrayContaining(named))
  },
)
