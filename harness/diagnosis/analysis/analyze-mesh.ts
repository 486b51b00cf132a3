import { type AnalysisMessage, analysisPatience, analyze, type Istioctl, istioctlVersion } from '#istio/analyze.ts'
import { minorOf } from '#images/version.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { isNormal } from './normal.ts'

/** What istioctl analyze says of what one control plane reads. */
export type Analyzed = { primary: SurveyedCluster; messages: AnalysisMessage[] }

/** The messages per control plane, and why some were not had; `missing` where there is no istioctl. */
export type MeshAnalysis = { analyzed: Analyzed[]; notes: string[]; missing?: true }

/**
 * Asks istioctl about every control plane, for a few seconds at most. It never throws: what cannot be had is a note. A
 * release more than one minor version from that of the control plane is not asked.
 */
export const analyzeMesh = async (
  mesh: Survey,
  istioctl: Istioctl | undefined,
  signal: AbortSignal,
): Promise<MeshAnalysis> => {
  if (!istioctl) return { analyzed: [], notes: [] }
  const stop = AbortSignal.any([signal, AbortSignal.timeout(analysisPatience)])
  const answer = await istioctlVersion(istioctl, stop)
  if ('why' in answer)
    return answer.missing ? { analyzed: [], notes: [], missing: true } : { analyzed: [], notes: [noteOf(answer.why)] }
  const notes: string[] = []
  const analyzed = await Promise.all(
    primariesOf(mesh).map(async (primary): Promise<Analyzed> => {
      const unfit = whyUnfit(istioctl, answer.version, primary)
      const messages = unfit ? { why: unfit } : await analyze(istioctl, primary.context, primary.istioNamespace, stop)
      if ('why' in messages) {
        notes.push(noteOf(`${primary.name}: ${messages.why}`))
        return { primary, messages: [] }
      }
      return { primary, messages: await withoutNormal(mesh, messages) }
    }),
  )
  return { analyzed, notes }
}

const noteOf = (why: string): string => `istioctl analyze was not read: ${why}`

/** Why a release does not fit; undefined where it does. The lab’s own, and a given one, need not tell its release. */
const whyUnfit = ({ program, from }: Istioctl, version: string, { istio }: SurveyedCluster): string | undefined => {
  const [own, served] = [minorOf(version), minorOf(istio)]
  if (own !== undefined && served !== undefined)
    return Math.abs(own - served) > 1
      ? `${program} is ${version}, more than one minor version from ${istio} of the control plane`
      : undefined
  return from === 'PATH'
    ? `whether ${program} ${version} fits ${istio || 'an unknown release'} is not known; --istioctl names one that does`
    : undefined
}

const withoutNormal = async (mesh: Survey, messages: AnalysisMessage[]): Promise<AnalysisMessage[]> => {
  const normal = await Promise.all(messages.map((message) => isNormal(mesh, message).catch(() => false)))
  return messages.filter((_, index) => !normal[index])
}
