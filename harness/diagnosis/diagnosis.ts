import { z } from 'zod'
import { procedureNames } from '#topology/topology-schema.ts'
import { findings, meshLayers, type FindingCode, type MeshLayer } from './findings.ts'

const names = Object.keys(meshLayers) as [MeshLayer, ...MeshLayer[]]
const codes = Object.keys(findings) as [FindingCode, ...FindingCode[]]

/** What diagnosing a mesh came to, as a document: what `--output=json` prints. */
export const Diagnosis = z.strictObject({
  schema: z.literal('meshproof.diagnosis/v1'),
  at: z.iso.datetime(),
  seconds: z.number(),
  topology: z.enum(procedureNames),
  clusters: z.array(
    z.strictObject({
      context: z.string(),
      name: z.string(),
      role: z.enum(['primary', 'remote']),
      network: z.string(),
      kubernetes: z.string(),
      istio: z.string(),
    }),
  ),
  layers: z.array(
    z.strictObject({
      layer: z.enum(names),
      /** `not-judged` carries why in `said`; the others what was seen. */
      verdict: z.enum(['healthy', 'broken', 'not-judged']),
      said: z.string(),
      findings: z.array(
        z.strictObject({
          code: z.enum(codes),
          severity: z.enum(['problem', 'warning']),
          cause: z.string(),
          where: z.string(),
          evidence: z.array(z.string()),
          fix: z.string(),
        }),
      ),
    }),
  ),
  /** 0 healthy, 1 a problem found, 2 something could not be looked at. */
  exitCode: z.number(),
})
export type Diagnosis = z.infer<typeof Diagnosis>

/** The first broken layer, with what is wrong in it. */
export const firstBrokenLayer = ({ layers }: Diagnosis): Diagnosis['layers'][number] | undefined =>
  layers.find(({ verdict }) => verdict === 'broken')

/** Why requests were not judged where nobody asked for them: an offer, and nothing that is missing from a look. */
export const withoutProbe = 'no request is sent without --probe'
