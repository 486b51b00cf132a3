import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import { certificateEnds } from '#diagnosis/certificate-ends.ts'
import { layerLines, verdictLines } from '#diagnosis/diagnosis-text.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { probeOf } from '#diagnosis/probe.ts'
import { MeshproofError } from '#errors.ts'
import type { Diagnosed } from '#report/diagnosis-metrics.ts'
import { diagnosisPage } from '#report/html/diagnosis-page.ts'
import { tellGitHubDiagnosis } from '#report/github-step.ts'
import type { Terminal } from '#report/terminal.ts'
import { ownConfigMap } from '#run/own-config-map.ts'
import { print } from '#run/print.ts'
import { istioctlAtHand } from '#probes/survey/istioctl.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { meshLines, type Survey, survey } from '#probes/survey/survey.ts'
import { keptDiagnosis, keptFailure } from './kept-diagnosis.ts'
import type { DiagnoseOptions } from './options.ts'

/** A mesh, and what its diagnosis came to. */
type Examined = { mesh: Survey; diagnosis: MeshDiagnosis }

/**
 * Diagnoses an existing mesh and prints every layer, then the cause. What `probe` made is deleted whatever happens.
 * @throws MeshproofError MP-101 when --istioctl names no program, MP-115 to MP-118 when the clusters cannot be looked
 * at, or are no mesh.
 */
export const diagnoseExisting = async (
  options: DiagnoseOptions,
  screen: Terminal,
  signal: AbortSignal,
): Promise<MeshDiagnosis> => (await examine(options, screen, signal)).diagnosis

const examine = async (
  { contexts, kubeconfig, istioctl, istioNamespace, probe }: DiagnoseOptions,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Examined> => {
  const program = istioctlAtHand(kubeconfig, istioctl)
  const mesh = await survey(connectContexts(contexts, kubeconfig), istioNamespace)
  for (const line of meshLines(mesh)) screen.line(line)
  const probing = probe ? probeOf(mesh, signal) : undefined
  try {
    const diagnosis = await diagnoseMesh(mesh, probing, signal, program)
    for (const line of diagnosis.layers.flatMap(layerLines)) screen.line(line)
    screen.line('')
    for (const line of verdictLines(diagnosis)) screen.line(line)
    return { mesh, diagnosis }
  } finally {
    await probing?.close()
  }
}

/**
 * Performs `diagnose` and returns the exit code of the diagnosis. With `json` and `html` it prints the diagnosis as a
 * document. With `results` a ConfigMap keeps it, or the error that ended it.
 * @throws MeshproofError as diagnoseExisting does, and MP-172 to MP-174 when the diagnosis cannot be kept.
 */
export const diagnose = async (options: DiagnoseOptions, screen: Terminal, signal: AbortSignal): Promise<number> => {
  const { diagnosis } =
    options.results === undefined
      ? await examine(options, screen, signal)
      : await examineAndKeep(options, options.results, screen, signal)
  await tellGitHubDiagnosis(diagnosis, process.env, screen.workflowCommand)
  if (options.output === 'json') print(diagnosis)
  if (options.output === 'html') print(diagnosisPage(diagnosis).trimEnd())
  return diagnosis.exitCode
}

const examineAndKeep = async (
  options: DiagnoseOptions,
  place: string,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Examined> => {
  const write = await ownConfigMap(place)
  try {
    const examined = await examine(options, screen, signal)
    const certificates: Diagnosed['certificates'] = await certificateEnds(examined.mesh)
    await write(keptDiagnosis({ at: Date.now(), diagnosis: examined.diagnosis, certificates }))
    return examined
  } catch (error) {
    if (error instanceof MeshproofError && !signal.aborted) await write(keptFailure(Date.now(), error))
    throw error
  }
}
