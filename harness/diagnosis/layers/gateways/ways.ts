import { setTimeout as sleep } from 'node:timers/promises'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { vantagePlace } from '#diagnosis/places.ts'
import { nothingToAsk, vantagesIn } from '#diagnosis/vantage.ts'
import { connect, lossIn, type Connections } from '#probes/connections.ts'
import { dial, requirePace, type Vantage } from '#probes/dial.ts'
import { largestIn, sizesCommand } from '#probes/packet-sizes.ts'
import { hostPort } from '#probes/transfers.ts'
import { execIn } from '#kube/pods.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** Where a way leads: a port of a gateway, of istiod, or of a neighbour’s pod. */
export type Way = {
  code: 'MP-885' | 'MP-886' | 'MP-888'
  from: SurveyedCluster
  /** The clusters that the way leads to. */
  to: readonly SurveyedCluster[]
  address: string
  port: number
  /** What is at its end, in words: `a gateway’s port 15443`. */
  end: string
  /** More that is worth knowing of the address: where it is written down, and what others there are. */
  about?: string[]
  /** What may close it, in lines; asked where it is closed. */
  whyClosed?: () => Promise<string[]>
  /** Who refuses what comes along it, although its port is open. */
  refused?: () => Promise<Finding[]>
  /** How many connections are tried. */
  tries?: number
}

/**
 * What is wrong with a way: closed, a share of connections lost, large packets lost, or, where it leads to a gateway
 * whose own proxies look right, something else at its end.
 * @throws MeshproofError MP-122 where no pod can dial, MP-403 where the dialling pod cannot be asked, MP-602 where it
 * is too slow to judge what it sees.
 */
export const wayProblems = async (way: Way, toSoundGateway?: Promise<boolean>): Promise<Finding[]> => {
  const [nearest, ...others] = await vantagesIn(way.from)
  if (!nearest) throw nothingToAsk('no pod with a proxy is ready, from which anything could be dialled', way.from.name)
  const found = await seenFrom(nearest, way, toSoundGateway)
  if (!found.closed) return found.findings
  // A pod that may not go there shows nothing of the way itself.
  const seen = await Promise.all(others.map((vantage) => seenFrom(vantage, way, toSoundGateway)))
  return (seen.find(({ closed: isClosed }) => !isClosed) ?? found).findings
}

/** What a pod sees of a way: what is wrong with it, and whether that is that it is closed. */
const seenFrom = async (
  vantage: Vantage,
  way: Way,
  toSoundGateway: Promise<boolean> | undefined,
): Promise<{ findings: Finding[]; closed: boolean }> => {
  const { address, port, tries } = way
  const first = await connect(vantage, address, port, { tls: toSoundGateway !== undefined, tries })
  const shut = first.failed === first.tries ? await closed(way, vantage) : undefined
  if (shut) return { findings: shut, closed: true }
  return { findings: await wrongAlong(way, vantage, first, toSoundGateway), closed: false }
}

/** What is wrong with a way that is open. */
const wrongAlong = async (
  way: Way,
  vantage: Vantage,
  first: Connections,
  toSoundGateway: Promise<boolean> | undefined,
): Promise<Finding[]> => {
  if (first.failed === first.tries) return someLost(way, vantage, first)
  const speaks = first.status > 0 || first.endsTls === true
  const found = [
    ...(speaks && (await toSoundGateway) ? [await somethingElse(way, vantage, first)] : []),
    ...(first.large === 'lost' ? await largeLost(way, vantage) : []),
  ]
  if (found.length > 0 || first.late + first.failed === 0) return found
  return someLost(way, vantage, first)
}

const clustersOf = ({ from, to }: Way): string[] => [...new Set([from, ...to].map(({ name }) => name))]

const inPod = ({ from }: Way, { namespace, pod }: Vantage, command: string): string =>
  kubectl(from, `-n ${namespace} exec ${pod} -c istio-proxy -- ${command}`)

/** A port that does not open to the agent’s patience either; undefined for one that does. */
const closed = async (way: Way, vantage: Vantage): Promise<Finding[] | undefined> => {
  const { open, to, said } = await dial(vantage, way.address, way.port)
  if (open) return undefined
  return [
    {
      code: way.code,
      where: `${way.from.name} → ${to}`,
      evidence: [
        `from ${vantagePlace(vantage, way.from)}: ${said}`,
        ...(way.about ?? []),
        ...((await way.whyClosed?.()) ?? []),
      ],
      fix: inPod(way, vantage, `pilot-agent wait --timeoutSeconds 2 --url http://${to}/`),
      clusters: clustersOf(way),
    },
  ]
}

/** An address that leads to something else than a mesh gateway: translated, reused, or in front of another server. */
const somethingElse = async (way: Way, vantage: Vantage, { to, status, endsTls }: Connections): Promise<Finding> => ({
  code: way.code,
  cause: 'the address of a gateway leads to something that is no mesh gateway',
  where: `${way.from.name} → ${to}`,
  evidence: [
    status > 0
      ? `from ${vantagePlace(vantage, way.from)}: it answers plaintext HTTP with status ${status}`
      : `from ${vantagePlace(vantage, way.from)}: it takes a TLS handshake that names no service of the mesh`,
    ...(endsTls && status > 0 ? ['it ends TLS handshakes that name no service of the mesh'] : []),
    'a mesh gateway closes such connections: it passes on TLS to services of the mesh, by their server names',
    ...(way.about ?? []),
    ...((await way.whyClosed?.()) ?? []),
  ],
  fix: inPod(way, vantage, `curl -vk https://${to}/`),
  clusters: clustersOf(way),
})

/** Lost connections count when a second look loses some too: a short burst on a busy machine passes. */
const someLost = async (way: Way, vantage: Vantage, first: Connections): Promise<Finding[]> => {
  await sleep(500)
  const second = await connect(vantage, way.address, way.port, { tries: way.tries })
  const looks = [first, second]
  const { lost, tries, isProblem } = lossIn(looks)
  if (!isProblem) return []
  await requirePace(vantage, `${lost} of ${tries} connections to ${first.to} are late or lost`)
  return [
    {
      code: way.code,
      cause: `a share of the connections to ${way.end} is lost or slow`,
      where: `${way.from.name} → ${first.to}`,
      evidence: [
        `${lost} of ${tries} connections (${Math.round((lost / tries) * 100)} %) from ` +
          `${vantagePlace(vantage, way.from)} opened late, after a lost packet was sent again, or not at all`,
        ...looks.map(
          (look, index) =>
            `${index === 0 ? 'first' : 'second'} look: of ${look.tries}, ${look.late} late and ${look.failed} ` +
            'not at all' +
            (look.said === '' ? '' : ` (${look.said})`),
        ),
        ...(way.about ?? []),
      ],
      fix: inPod(
        way,
        vantage,
        `curl -so /dev/null --connect-timeout 3 -w '%{time_connect}\\n' 'http://${first.to}/?[1-30]'`,
      ),
      clusters: clustersOf(way),
    },
  ]
}

/** Sends packets of several sizes, with longer timeouts, to find the largest that passes (istio/istio#25170). */
const largeLost = async (way: Way, vantage: Vantage): Promise<Finding[]> => {
  const { kube, namespace, pod } = vantage
  const { stdout } = await execIn(
    kube,
    { namespace, pod, container: 'istio-proxy' },
    sizesCommand(way.address, way.port),
  )
  const sizes = largestIn(stdout)
  if (sizes && sizes.lost === undefined) return []
  if (!sizes) {
    const again = await connect(vantage, way.address, way.port)
    if (again.large !== 'lost') return []
  }
  await requirePace(vantage, `large packets to ${way.address} are lost`)
  const to = way.to.map(({ name }) => name).join(', ')
  return [
    {
      code: 'MP-889',
      where: `${way.from.name} → ${hostPort(way.address, way.port)}`,
      evidence: [
        `from ${vantagePlace(vantage, way.from)} to ${way.end} (${hostPort(way.address, way.port)}, ${to}): ` +
          (sizes
            ? `packets of ${sizes.passed} bytes pass, those of ${sizes.lost} bytes and more are lost`
            : 'a small request passes, one that fills a packet of 1,500 bytes is lost'),
        ...(way.about ?? []),
      ],
      fix: inPod(
        way,
        vantage,
        `curl -so /dev/null --max-time 3 -w '%{errormsg}\\n' http://${hostPort(way.address, way.port)}/?` +
          `$(printf 'x%.0s' $(seq 1300))`,
      ),
      clusters: clustersOf(way),
    },
  ]
}
