import type { AnalysisMessage } from '#istio/analyze.ts'
import { type Finding, type Judged, kubectl } from '#diagnosis/layer.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import type { Analyzed } from './analyze-mesh.ts'
import { layerOfMessage } from './layers-of-messages.ts'

/** A message with the control plane that reads its object. */
type Message = AnalysisMessage & { primary: SurveyedCluster }

/** The most lines that messages add to a finding, and the most findings of their own. */
const [linesEach, findingsInAll] = [3, 10]

/**
 * Adds what istioctl says to the findings about the same object, or, in the message’s own layer, about the same host.
 * An error that no finding covers becomes a warning in its layer. Layers that were not judged stay as they are.
 */
export const addMessages = (judged: readonly Judged[], analyzed: readonly Analyzed[]): Judged[] => {
  const messages = analyzed.flatMap((part) => part.messages.map((message) => ({ ...message, primary: part.primary })))
  const lines = new Map<Finding, string[]>()
  const uncovered: Message[] = []
  for (const message of messages) {
    const about = judged.flatMap((look) => findingsOf(look).filter((finding) => covers(look.layer, finding, message)))
    for (const finding of about) lines.set(finding, [...(lines.get(finding) ?? []), lineOf(message)])
    if (about.length === 0 && /^error$/i.test(message.level)) uncovered.push(message)
  }
  const own = ownFindings(uncovered)
  return judged.map((look) => {
    if ('unseen' in look) return look
    const findings = look.findings.map((finding) => withLines(finding, lines.get(finding) ?? []))
    const added = own.filter(({ layer }) => layer === look.layer).map(({ finding }) => finding)
    return { ...look, findings: [...findings, ...added] }
  })
}

const findingsOf = (look: Judged): readonly Finding[] => ('unseen' in look ? [] : look.findings)

const covers = (layer: MeshLayer, { where, evidence }: Finding, message: Message): boolean => {
  const text = [where, ...evidence].join('\n')
  if (namesObject(text, message.object)) return true
  return layer === layerOfMessage(message) && hostsIn(message.text).some((host) => hasWord(text, host))
}

/** A name that ends where the text goes on with no other letter of a name. */
const ending = String.raw`(?![\w/-]|\.\w)`

/** Whether a text names an object of this kind, or of none: `VirtualService shop/canary`, `east shop/canary`. */
const namesObject = (text: string, object: string): boolean => {
  const [kind = '', place = ''] = object.split(' ')
  if (place === '') return false
  const naming = new RegExp(String.raw`(?:^|[^\w./-])(?:([A-Z]\w*) )?${RegExp.escape(place)}${ending}`, 'gm')
  return [...text.matchAll(naming)].some(([, named]) => named === kind || (named === undefined && place.includes('/')))
}

const hasWord = (text: string, word: string): boolean =>
  new RegExp(String.raw`(?<![\w./-])${RegExp.escape(word)}${ending}`).test(text)

/** The hosts that a message quotes; a subset follows its host after a plus. */
const hostsIn = (text: string): string[] =>
  [...text.matchAll(/"([^"]+)"/g)].flatMap(([, quoted = '']) => quoted.split('+')[0] || [])

const lineOf = ({ code, level, object, text, primary }: Message): string =>
  `istioctl analyze of ${primary.name}: ${code} ${level.toLowerCase()}${object && `, ${object}`}: ${text}`

const withLines = (finding: Finding, lines: readonly string[]): Finding => {
  const different = [...new Set(lines)]
  return different.length === 0 ? finding : { ...finding, evidence: [...finding.evidence, ...shortened(different)] }
}

const shortened = (lines: readonly string[]): string[] =>
  lines.length > linesEach
    ? [...lines.slice(0, linesEach), `istioctl analyze says ${lines.length - linesEach} more`]
    : [...lines]

/** One finding for all that is said of an object in a layer. */
const ownFindings = (messages: readonly Message[]): { layer: MeshLayer; finding: Finding }[] => {
  const perObject = new Map<string, { layer: MeshLayer; said: Message[] }>()
  for (const message of messages) {
    const layer = layerOfMessage(message)
    if (!layer) continue
    const key = [layer, message.primary.name, message.object].join('\n')
    perObject.set(key, { layer, said: [...(perObject.get(key)?.said ?? []), message] })
  }
  return [...perObject.values()].slice(0, findingsInAll).flatMap(({ layer, said }) => {
    const [first] = said
    if (!first) return []
    const evidence = shortened([...new Set(said.map(lineOf))])
    const where = [first.primary.name, first.object].filter(Boolean).join(' ')
    return [{ layer, finding: { code: 'MP-996', where, evidence, fix: showing(first) } }]
  })
}

const showing = ({ object, primary }: Message): string => {
  const [, kind, namespace, name] = /^(\w+) (?:([\w.-]+)\/)?([\w.-]+)$/.exec(object) ?? []
  return kind === undefined || name === undefined || kind.startsWith('Mesh')
    ? kubectl(primary, `-n ${primary.istioNamespace} get configmap istio -o yaml`)
    : kubectl(primary, `${namespace ? `-n ${namespace} ` : ''}get ${kind.toLowerCase()} ${name} -o yaml`)
}
