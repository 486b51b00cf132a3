import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { entrancesOf, type Entrance, type GatewayService, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { greet } from '#probes/handshake.ts'
import type { Survey, SurveyedCluster } from '#survey/survey.ts'
import { wayProblems, type Way } from './ways.ts'

/** The ways from every other network to every entrance of one, but for addresses of gateways that are known as down. */
export const waysInto = (mesh: Survey, gateways: NetworkGateways, down: readonly GatewayService[]): Way[] => {
  const dead = new Set(down.flatMap(({ addresses }) => addresses))
  const isDown = down.length > 0 && down.length === gateways.services.length
  const entrances = isDown ? [] : entrancesOf(gateways).filter(({ address }) => !dead.has(address))
  const to = mesh.clusters.filter(({ network }) => network === gateways.network)
  return mesh.clusters
    .filter(({ network }) => network !== gateways.network)
    .flatMap((from) =>
      entrances.map((entrance) => ({
        code: 'MP-885' as const,
        from,
        to,
        address: entrance.address,
        port: entrance.port,
        end: `a gateway’s port ${entrance.port}`,
        about: originLines(entrance, entrances),
      })),
    )
}

const numbers = ['no', 'one', 'two', 'three', 'four', 'five']

const originLines = ({ network, address, origins }: Entrance, all: Entrance[]): string[] => [
  `${address} is ` +
    (all.length > 1
      ? `one of ${numbers[all.length] ?? all.length} entrances of ${network}`
      : `the entrance of ${network}`) +
    `, by ${origins.join(' and ')}`,
  ...(all.length > 1
    ? [`the others are ${all.flatMap((other) => (other.address === address ? [] : other.address)).join(', ')}`]
    : []),
]

/**
 * What is wrong with the way into a network at one entrance. Where the connection is fine, a TLS greeting must be
 * answered as well; `isSound` says whether the gateway itself looks right, so that silence is somebody else’s.
 */
export const entranceProblems = async (mesh: Survey, way: Way, isSound: Promise<boolean>): Promise<Finding[]> => {
  const found = await wayProblems(way, isSound)
  return found.length > 0 || !(await isSound) ? found : greetedInVain(mesh, way)
}

/** The port of a service that runs with a sidecar behind a gateway, by the server name that gateways know it by. */
const serverNameBehind = async (mesh: Survey, to: readonly SurveyedCluster[]): Promise<string | undefined> => {
  const service = (await sharedServices(mesh)).find(({ perCluster }) =>
    perCluster.some((part) => to.includes(part.cluster) && part.meshed.length > 0),
  )
  const port = service?.perCluster
    .flatMap(({ service: part }) => part?.spec?.ports ?? [])
    .find(({ protocol }) => (protocol ?? 'TCP') === 'TCP')?.port
  return service && port !== undefined ? `outbound_.${port}_._.${service.host}` : undefined
}

const greetedInVain = async (mesh: Survey, way: Way): Promise<Finding[]> => {
  const { from, to, address, port, about = [] } = way
  const serverName = await serverNameBehind(mesh, to)
  if (serverName === undefined) return []
  const vantage = await vantageIn(from)
  const answer = await greet(vantage, address, port, serverName)
  if (answer === undefined || answer === 'handshake' || answer === 'alert') return []
  // A name or an endpoint may have been on its way; what answers something else does so again.
  const again = await greet(vantage, address, port, serverName)
  if (again === undefined || again === 'handshake' || again === 'alert') return []
  return [
    {
      code: way.code,
      cause: 'the address of a gateway is open, and no mesh gateway answers TLS there',
      where: `${from.name} → ${address}:${port}`,
      evidence: [
        `from ${vantage.namespace}/${vantage.pod} of ${from.name}: a TLS greeting for ${serverName} ` +
          (again === 'nothing' ? 'is not answered: the connection closes or stays silent' : 'is answered with no TLS'),
        'the gateway’s own proxy has the name and endpoints for it, so the address leads elsewhere or something in ' +
          'between changes what is sent',
        ...about,
      ],
      fix: kubectl(
        from,
        `-n ${vantage.namespace} exec ${vantage.pod} -c istio-proxy -- curl -v telnet://${address}:${port}`,
      ),
      clusters: [...new Set([from, ...to].map(({ name }) => name))],
    },
  ]
}
