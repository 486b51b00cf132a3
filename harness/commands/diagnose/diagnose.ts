import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import { layerLines, verdictLines } from '#diagnosis/diagnosis-text.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { probeOf } from '#diagnosis/probe.ts'
import { diagnosisPage } from '#report/html/diagnosis-page.ts'
import { tellGitHubDiagnosis } from '#report/github-step.ts'
import type { Terminal } from '#report/terminal.ts'
import { print } from '#run/print.ts'
import { istioctlAtHand } from '#probes/survey/istioctl.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { meshLines, survey } from '#probes/survey/survey.ts'
import type { DiagnoseOptions } from './options.ts'

/**
 * Diagnoses an existing mesh and prints every layer, then the cause. What `probe` made is deleted whatever happens.
 * @throws MeshproofError MP-101 when --istioctl names no program, MP-115 to MP-118 when the clusters cannot be looked
 * at, or are no mesh.
 */
export const diagnoseExisting = async (
  { contexts, kubeconfig, istioctl, istioNamespace, probe }: DiagnoseOptions,
  screen: Terminal,
  signal: AbortSignal,
): Promise<MeshDiagnosis> => {
  const program = istioctlAtHand(kubeconfig, istioctl)
  const mesh = await survey(connectContexts(contexts, kubeconfig), istioNamespace)
  for (const line of meshLines(mesh)) screen.line(line)
  const probing = probe ? probeOf(mesh, signal) : undefined
  try {
    const diagnosis = await diagnoseMesh(mesh, probing, signal, program)
    for (const line of diagnosis.layers.flatMap(layerLines)) screen.line(line)
    screen.line('')
    for (const line of verdictLines(diagnosis)) screen.line(line)
    return diagnosis
  } finally {
    await probing?.close()
  }
}

/**
 * Performs `diagnose` and returns the exit code of the diagnosis. With `json` and `html` it prints the diagnosis as a
 * document. @throws MeshproofError as diagnoseExisting does.
 */
export const diagnose = async (options: DiagnoseOptions, screen: Terminal, signal: AbortSignal): Promise<number> => {
  const diagnosis = await diagnoseExisting(options, screen, signal)
  await tellGitHubDiagnosis(diagnosis, process.env, screen.workflowCommand)
  if (options.output === 'json') print(diagnosis)
  if (options.output === 'html') print(diagnosisPage(diagnosis).trimEnd())
  return diagnosis.exitCode
}
