import { expect, test } from 'vitest'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { parse } from '#testing/prometheus-text.ts'
import { diagnosisMetrics } from './diagnosis-metrics.ts'

const at = Date.UTC(2026, 10, 1)
const present = (text: string, name: string): Record<string, string>[] =>
  parse(text)
    .filter((sample) => sample.name === name && sample.value === 1)
    .map(({ labels }) => labels)

test('a broken mesh has its verdict, those of its layers, and the cause', () => {
  const cause = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const
  const text = diagnosisMetrics({ at, diagnosis: diagnosisWith([cause], cause), certificates: [] })
  expect(present(text, 'meshproof_diagnosis_verdict')).toEqual([{ verdict: 'broken' }])
  expect(present(text, 'meshproof_diagnosis_layer_verdict')).toContainEqual({ layer: 'gateways', verdict: 'broken' })
  expect(present(text, 'meshproof_diagnosis_layer_verdict')).toContainEqual({ layer: 'trust', verdict: 'healthy' })
  expect(present(text, 'meshproof_diagnosis_cause')).toEqual([cause])
})

test('a healthy mesh has no cause', () => {
  const text = diagnosisMetrics({ at, diagnosis: diagnosisWith([]), certificates: [] })
  expect(present(text, 'meshproof_diagnosis_verdict')).toEqual([{ verdict: 'healthy' }])
  expect(present(text, 'meshproof_diagnosis_cause')).toEqual([])
})

test('a diagnosis that ended early, or could not look at a layer, does not count as healthy', () => {
  const incomplete = { ...diagnosisWith([]), exitCode: 2 }
  for (const diagnosis of [undefined, incomplete])
    expect(present(diagnosisMetrics({ at, diagnosis, certificates: [] }), 'meshproof_diagnosis_verdict')).toEqual([
      { verdict: 'not-judged' },
    ])
})

test('moments are in seconds', () => {
  const end = { cluster: 'east', kind: 'root', where: 'cacerts', at: at + 500 } as const
  const samples = parse(diagnosisMetrics({ at, diagnosis: undefined, certificates: [end] }))
  expect(samples).toContainEqual({
    name: 'meshproof_certificate_expiry_timestamp_seconds',
    labels: { cluster: 'east', kind: 'root', where: 'cacerts' },
    value: at / 1000 + 0.5,
  })
  expect(samples).toContainEqual({ name: 'meshproof_diagnosis_timestamp_seconds', labels: {}, value: at / 1000 })
})
