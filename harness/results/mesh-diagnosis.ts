import { z } from 'zod'
import { procedureNames } from '#topology/topology-schema.ts'
import { diagnosisCodes } from '#codes/index.ts'
import { meshLayers, type MeshLayer } from './mesh-layers.ts'

const names = Object.keys(meshLayers) as [MeshLayer, ...MeshLayer[]]
type FindingCode = keyof typeof diagnosisCodes
const codes = Object.keys(diagnosisCodes) as [FindingCode, ...FindingCode[]]

/** What diagnosing a mesh came to, as a document: what `--output=json` prints. */
export const MeshDiagnosis = z.strictObject({
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
      /** The cluster in which the istiod of this primary runs, where that is another. */
      istiodIn: z.string().optional(),
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
      /** What of the layer could not be looked at, or was sampled. */
      notes: z.array(z.string()).optional(),
      findings: z.array(
        z.strictObject({
          code: z.enum(codes),
          severity: z.enum(['problem', 'warning']),
          cause: z.string(),
          where: z.string(),
          evidence: z.array(z.string()),
          fix: z.string(),
          /** The code of the problem that explains this one; absent where nothing does. */
          followsFrom: z.enum(codes).optional(),
        }),
      ),
    }),
  ),
  /** The problem that explains the others, or that nothing explains; absent where nothing is broken. */
  cause: z.strictObject({ layer: z.enum(names), code: z.enum(codes), where: z.string() }).optional(),
  /** 0 healthy, 1 a problem found, 2 something could not be looked at. */
  exitCode: z.number(),
})
export type MeshDiagnosis = z.infer<typeof MeshDiagnosis>

type Layer = MeshDiagnosis['layers'][number]

/** The cause in full, with its layer; undefined where nothing is broken. */
export const causeOf = ({
  layers,
  cause,
}: MeshDiagnosis): (Layer['findings'][number] & Pick<Layer, 'layer'>) | undefined =>
  layers
    .flatMap(({ layer, findings: found }) => found.map((finding) => ({ ...finding, layer })))
    .find(({ layer, code, where }) => layer === cause?.layer && code === cause.code && where === cause.where)

/** Why requests were not judged without `--probe`. It is an offer: the diagnosis is complete without them. */
export const withoutProbe = 'no request is sent without --probe'
