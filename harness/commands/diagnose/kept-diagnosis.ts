import { verdictLines } from '#diagnosis/diagnosis-text.ts'
import type { MeshproofError } from '#errors.ts'
import { type Diagnosed, diagnosisMetrics, diagnosisVerdict } from '#report/diagnosis-metrics.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { MapContent } from '#run/own-config-map.ts'

/** A diagnosis as the content of a ConfigMap: verdict, exit code, summary, metrics, and the whole as JSON. */
export const keptDiagnosis = (diagnosed: Diagnosed & { diagnosis: MeshDiagnosis }): MapContent => ({
  component: 'diagnosis',
  data: {
    verdict: diagnosisVerdict(diagnosed.diagnosis),
    exitCode: String(diagnosed.diagnosis.exitCode),
    summary: verdictLines(diagnosed.diagnosis).join('\n'),
    'metrics.prom': diagnosisMetrics(diagnosed),
    'diagnosis.json': JSON.stringify(diagnosed.diagnosis),
  },
})

/** What is kept of a diagnosis that an error ended at `at`, in milliseconds since 1970. Nothing was judged. */
export const keptFailure = (at: number, { code, message }: MeshproofError): MapContent => ({
  component: 'diagnosis',
  data: {
    verdict: 'not-judged',
    exitCode: '2',
    summary: `${code}  ${message}`,
    'metrics.prom': diagnosisMetrics({ at, diagnosis: undefined, certificates: [] }),
  },
})
