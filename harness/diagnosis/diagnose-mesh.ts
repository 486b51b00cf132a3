import { api } from '#diagnosis/layers/api.ts'
import { controlPlane } from '#diagnosis/layers/control-plane.ts'
import { endpoints } from '#diagnosis/layers/endpoints.ts'
import { gateways } from '#diagnosis/layers/gateways.ts'
import { liveSync } from '#diagnosis/layers/live-sync.ts'
import { networks } from '#diagnosis/layers/networks.ts'
import { ranges } from '#diagnosis/layers/ranges.ts'
import { remoteSecrets } from '#diagnosis/layers/remote-secrets.ts'
import { requests } from '#diagnosis/layers/requests.ts'
import { services } from '#diagnosis/layers/services.ts'
import { trust } from '#diagnosis/layers/trust.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Survey } from '#survey/survey.ts'
import { Diagnosis, withoutProbe } from './diagnosis.ts'
import { findings as known, meshLayers } from './findings.ts'
import type { Finding, Layer, MeshProbe } from './layer.ts'

const ladder: readonly Layer[] = [
  api,
  ranges,
  networks,
  trust,
  controlPlane,
  remoteSecrets,
  liveSync,
  gateways,
  endpoints,
  services,
  requests,
]

type LayerResult = Diagnosis['layers'][number]

/**
 * Judges a mesh layer by layer from the bottom, up to the first broken one: what is built on it cannot be judged. A
 * layer that cannot be looked at is told and does not stop the others. `judged` hears of each as it comes.
 */
export const diagnoseMesh = async (
  mesh: Survey,
  probe: MeshProbe | undefined,
  judged: (layer: LayerResult) => void,
  signal: AbortSignal,
): Promise<Diagnosis> => {
  const since = Date.now()
  const layers: LayerResult[] = []
  for (const layer of ladder) {
    signal.throwIfAborted()
    const broken = layers.find(({ verdict }) => verdict === 'broken')
    const problem = broken?.findings.find(({ severity }) => severity === 'problem')
    const result = broken
      ? notJudged(layer, `${meshLayers[broken.layer]} (${problem?.code ?? ''}) must be mended first`)
      : await judge(layer, mesh, probe)
    signal.throwIfAborted()
    layers.push(result)
    judged(result)
  }
  const clusters = mesh.clusters.map(({ context, name, role, network, kubernetes, istio }) => ({
    context,
    name,
    role,
    network,
    kubernetes,
    istio,
  }))
  return Diagnosis.parse({
    schema: 'meshproof.diagnosis/v1',
    at: new Date(since).toISOString(),
    seconds: (Date.now() - since) / 1000,
    topology: mesh.topology,
    clusters,
    layers,
    exitCode: exitCodeOf(layers),
  })
}

const judge = async (layer: Layer, mesh: Survey, probe: MeshProbe | undefined): Promise<LayerResult> => {
  if (layer === requests && !probe) return notJudged(layer, withoutProbe)
  try {
    const { findings, seen } = await layer.look(mesh, probe)
    const told = findings.map(inFull)
    const broken = told.some(({ severity }) => severity === 'problem')
    return { layer: layer.name, verdict: broken ? 'broken' : 'healthy', said: broken ? '' : seen, findings: told }
  } catch (error) {
    if (!(error instanceof MeshproofError)) throw error
    return notJudged(layer, reasonOf(error))
  }
}

const notJudged = ({ name }: Layer, said: string): LayerResult => ({
  layer: name,
  verdict: 'not-judged',
  said,
  findings: [],
})

const inFull = ({ code, where, evidence, fix }: Finding): LayerResult['findings'][number] => {
  const { cause, severity = 'problem' } = known[code]
  return { code, severity, cause, where, evidence, fix }
}

const exitCodeOf = (layers: LayerResult[]): number => {
  if (layers.some(({ verdict }) => verdict === 'broken')) return 1
  return layers.some(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe) ? 2 : 0
}
