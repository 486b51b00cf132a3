import type { CertificateEnd } from '#results/certificate-end.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { family, sample, states } from './prometheus-text.ts'

/** The verdict of a diagnosis, and of each of its layers. */
export const diagnosisVerdicts = ['healthy', 'broken', 'not-judged'] as const
export type DiagnosisVerdict = (typeof diagnosisVerdicts)[number]

/** The verdict of a whole diagnosis. What could not be looked at is not healthy. */
export const diagnosisVerdict = ({ exitCode }: Pick<MeshDiagnosis, 'exitCode'>): DiagnosisVerdict =>
  exitCode === 0 ? 'healthy' : exitCode === 1 ? 'broken' : 'not-judged'

/**
 * What a diagnosis came to. `diagnosis` is undefined where it ended early, so that nothing was judged. `at` is when it
 * ended, in milliseconds since 1970.
 */
export type Diagnosed = { at: number; diagnosis: MeshDiagnosis | undefined; certificates: CertificateEnd[] }

/** A diagnosis as Prometheus metrics, with a sample for every possible verdict as in `metrics`. */
export const diagnosisMetrics = ({ at, diagnosis, certificates }: Diagnosed): string =>
  [
    family(
      'meshproof_diagnosis_verdict',
      'The verdict of the diagnosis: 1 for its verdict, 0 for the others.',
      states({}, diagnosisVerdicts, diagnosis ? diagnosisVerdict(diagnosis) : 'not-judged'),
    ),
    family(
      'meshproof_diagnosis_layer_verdict',
      'The verdict of a layer of the mesh: 1 for its verdict, 0 for the others.',
      (diagnosis?.layers ?? []).flatMap(({ layer, verdict }) => states({ layer }, diagnosisVerdicts, verdict)),
    ),
    family(
      'meshproof_diagnosis_cause',
      'The problem that explains the others: 1 while the mesh is broken.',
      diagnosis?.cause ? [sample(diagnosis.cause, 1)] : [],
    ),
    family('meshproof_diagnosis_timestamp_seconds', 'When the diagnosis ended, in seconds since 1970.', [
      sample({}, at / 1000),
    ]),
    family(
      'meshproof_certificate_expiry_timestamp_seconds',
      'When a certificate or token of the mesh ends, in seconds since 1970.',
      certificates.map(({ cluster, kind, where, at: end }) => sample({ cluster, kind, where }, end / 1000)),
    ),
  ].join('')
