import type { AnalyzeMessage } from '#probes/analyze.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import { inOneLine } from '#results/text.ts'
import { istioctl, type Finding } from './layer.ts'
import type { MeshService } from './shared-services.ts'

/**
 * The layer that a message of `istioctl analyze` belongs to, by its code
 * (https://istio.io/latest/docs/reference/config/analysis/). Codes that say nothing of a request, and those that a
 * healthy mesh of several clusters gets (IST0102, IST0126, IST0170), are left out.
 */
const layerOf: Readonly<Record<string, MeshLayer>> = {
  IST0101: 'route',
  IST0104: 'gateways',
  IST0106: 'route',
  IST0109: 'route',
  IST0110: 'interception',
  IST0111: 'interception',
  IST0113: 'transport',
  IST0116: 'services',
  IST0122: 'route',
  IST0127: 'server',
  IST0130: 'route',
  IST0131: 'route',
  IST0132: 'route',
  IST0139: 'control',
  IST0143: 'server',
  IST0145: 'gateways',
  IST0146: 'gateways',
  IST0161: 'gateways',
  IST0162: 'gateways',
}

/** How many messages are shown with one finding. */
const shown = 3

type InLayer = { layer: MeshLayer; findings: Finding[] }

/**
 * Adds the messages of `istioctl analyze` to what the layers have found: to a finding that names the same object as
 * evidence, and an error about an object that no finding names as a warning of its own. A host that another cluster has
 * is no error of a mesh, although the control plane’s own cluster lacks it.
 */
export const withAnalyzed = <Judged extends { layer: MeshLayer } | InLayer>(
  judged: readonly Judged[],
  messages: readonly AnalyzeMessage[],
  services: readonly MeshService[],
): Judged[] => {
  const placed = messages.flatMap((message) => {
    const layer = layerOf[message.code]
    return layer === undefined || isElsewhere(message, services) ? [] : [{ message, layer }]
  })
  const found = judged.flatMap((look) => ('findings' in look ? look.findings : []))
  const about = (message: AnalyzeMessage): Finding[] =>
    found.filter((finding) => names(finding, objectOf(message.origin)))
  return judged.map((look) => {
    if (!('findings' in look)) return look
    const own = placed.filter(
      ({ message, layer }) => layer === look.layer && message.level === 'Error' && about(message).length === 0,
    )
    return {
      ...look,
      findings: [
        ...look.findings.map((finding) => {
          const lines = placed
            .filter(({ message }) => about(message).includes(finding))
            .map(({ message }) => lineOf(message))
          return lines.length === 0
            ? finding
            : { ...finding, evidence: [...finding.evidence, ...[...new Set(lines)].slice(0, shown)] }
        }),
        ...perObject(own.map(({ message }) => message)),
      ],
    }
  })
}

/** `VirtualService shop/cart` is about `shop/cart`. */
const objectOf = (origin: string): string => origin.split(' ').at(-1) ?? ''

const names = ({ where, evidence }: Finding, object: string): boolean =>
  object !== '' && [where, ...evidence].some((line) => line.split(/[\s,;:()]+/).includes(object))

const isElsewhere = ({ code, message }: AnalyzeMessage, services: readonly MeshService[]): boolean => {
  if (code !== 'IST0101') return false
  const named = /host not found: "([^"]+)"/.exec(message)?.[1]
  return (
    named !== undefined &&
    services.some(({ host, name, namespace }) => [host, name, `${name}.${namespace}`].includes(named))
  )
}

const lineOf = ({ code, message }: AnalyzeMessage): string =>
  `istioctl analyze: ${code} ${inOneLine(message).slice(0, 300)}`

const perObject = (messages: AnalyzeMessage[]): Finding[] =>
  [...Map.groupBy(messages, ({ origin, primary }) => `${primary.name} ${inOneLine(origin).slice(0, 200)}`)].flatMap(
    ([where, [first, ...more]]) =>
      first
        ? [
            {
              code: 'MP-996' as const,
              where,
              evidence: [...new Set([first, ...more].map(lineOf))].slice(0, shown),
              fix: istioctl(
                first.primary,
                'analyze --all-namespaces   # give it the other clusters: --remote-contexts',
              ),
              clusters: [first.primary.name],
            },
          ]
        : [],
  )
