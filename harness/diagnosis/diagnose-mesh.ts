import pMap from 'p-map'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Istioctl } from '#istio/analyze.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { MeshDiagnosis, withoutProbe } from '#results/mesh-diagnosis.ts'
import { addAnswers } from './answers.ts'
import { addMessages } from './analysis/add-messages.ts'
import { addNotes } from './analysis/add-notes.ts'
import { analyzeMesh } from './analysis/analyze-mesh.ts'
import { explain, isSymptom, type Problem } from './explain.ts'
import { findings as known, type FindingCode } from './findings.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { inOneLine } from '#results/text.ts'
import { ladder } from './ladder.ts'
import type { Finding, Judged, Layer, MeshProbe } from './layer.ts'
import type { RequestAccount } from './request-account.ts'

type LayerResult = MeshDiagnosis['layers'][number]

const ranks = Object.keys(meshLayers)

/**
 * Looks at every layer of a mesh, and gives every problem a reason: the problem of another layer that explains it, or
 * itself. A layer that cannot be looked at is reported and does not stop the others. What `istioctl` says of the mesh,
 * where it is at hand, is evidence in the layers it belongs to. `ask` sends requests, of which proxies say how they
 * ended; it is called where no cause was found.
 */
export const diagnoseMesh = async (
  mesh: Survey,
  probe: MeshProbe | undefined,
  signal: AbortSignal,
  istioctl?: Istioctl,
  ask?: (signal: AbortSignal) => Promise<RequestAccount[]>,
): Promise<MeshDiagnosis> => {
  const since = Date.now()
  const [looks, analysis] = await Promise.all([
    pMap(ladder, (layer) => judgeLayer(layer, mesh, probe), { concurrency: 4, signal }),
    analyzeMesh(mesh, istioctl, signal),
  ])
  const explained = looks.some((look) => problemsOf(look).some(({ problem }) => !isSymptom(problem)))
  const answers = explained || !ask ? [] : await ask(signal).catch((): RequestAccount[] => [])
  const judged = addNotes(addMessages(await addAnswers(looks, mesh, answers), analysis.analyzed), analysis)
  signal.throwIfAborted()
  const problems = judged.flatMap((look) => problemsOf(look))
  const { cause, followsFrom } = explain(
    problems.map(({ problem }) => problem),
    mesh.clusters.map(({ name }) => name),
  )
  const reasons = new Map(problems.map(({ finding, problem }) => [finding, followsFrom.get(problem)]))
  const layers = judged.map((look) => resultOf(look, reasons))
  return MeshDiagnosis.parse({
    schema: 'meshproof.diagnosis/v1',
    at: new Date(since).toISOString(),
    seconds: (Date.now() - since) / 1000,
    topology: mesh.topology,
    clusters: mesh.clusters.map(({ context, name, role, network, kubernetes, istio, istiodHost }) => ({
      context,
      name,
      role,
      network,
      ...(istiodHost ? { istiodIn: istiodHost.name } : {}),
      kubernetes,
      istio,
    })),
    layers,
    ...(cause ? { cause: { layer: cause.layer, code: cause.code, where: cause.where } } : {}),
    exitCode: exitCodeOf(layers),
  })
}

/**
 * Looks at one layer. A layer whose answers cannot be had, or have a form that is not known (as those of a newer Istio
 * may), is not judged. @throws whatever else its look throws: a mistake of ours.
 */
export const judgeLayer = async (layer: Layer, mesh: Survey, probe: MeshProbe | undefined): Promise<Judged> => {
  if (layer.name === 'requests' && !probe) return { layer: layer.name, unseen: withoutProbe }
  try {
    return { layer: layer.name, ...(await layer.look(mesh, probe)) }
  } catch (error) {
    const unseen = reasonNotSeen(error)
    if (unseen === undefined) throw error
    return { layer: layer.name, unseen }
  }
}

const reasonNotSeen = (error: unknown): string | undefined => {
  if (error instanceof MeshproofError) return reasonOf(error)
  if (error instanceof z.ZodError) return `an answer has another form: ${inOneLine(z.prettifyError(error))}`
  return error instanceof SyntaxError ? `an answer is no JSON: ${reasonOf(error)}` : undefined
}

const problemsOf = (look: Judged): { finding: Finding; problem: Problem }[] => {
  if ('unseen' in look) return []
  return look.findings
    .filter(({ code }) => known[code].severity !== 'warning')
    .map((finding) => ({
      finding,
      problem: { ...finding, layer: look.layer, rank: ranks.indexOf(look.layer), meaning: known[finding.code] },
    }))
}

const resultOf = (look: Judged, reasons: Map<Finding, FindingCode | undefined>): LayerResult => {
  if ('unseen' in look) return { layer: look.layer, verdict: 'not-judged', said: look.unseen, findings: [] }
  const findings = look.findings.map((finding) => inFull(finding, reasons.get(finding)))
  const broken = findings.some(({ severity }) => severity === 'problem')
  return {
    layer: look.layer,
    verdict: broken ? 'broken' : 'healthy',
    said: broken ? '' : look.seen,
    ...(look.notes?.length ? { notes: look.notes } : {}),
    findings,
  }
}

const inFull = (
  { code, cause, where, evidence, fix }: Finding,
  followsFrom: FindingCode | undefined,
): LayerResult['findings'][number] => {
  const { cause: usual, severity = 'problem' } = known[code]
  const finding: LayerResult['findings'][number] = { code, severity, cause: cause ?? usual, where, evidence, fix }
  return followsFrom === undefined ? finding : { ...finding, followsFrom }
}

const exitCodeOf = (layers: LayerResult[]): number => {
  if (layers.some(({ verdict }) => verdict === 'broken')) return 1
  return layers.some(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe) ? 2 : 0
}
