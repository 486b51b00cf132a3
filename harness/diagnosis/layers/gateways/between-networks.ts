import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { entrancesOf, type Entrance, type GatewayService, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { missingAgents } from '#diagnosis/node-agents.ts'
import { vantagePlace } from '#diagnosis/places.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { hostPort } from '#probes/transfers.ts'
import { greet } from '#probes/handshake.ts'
import type { Survey } from '#probes/survey/survey.ts'
import type { PassedName } from './gateway-pod.ts'
import { notMade } from './not-made.ts'
import { wayProblems, type Way } from './ways.ts'
import { limitsOf } from './why-closed.ts'

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
        whyClosed: () => whyEntranceClosed(mesh, gateways, entrance),
      })),
    )
}

const whyEntranceClosed = async (
  { clusters }: Survey,
  { network, services }: NetworkGateways,
  { address, port }: Entrance,
): Promise<string[]> => {
  const limits = services
    .filter(({ addresses }) => addresses.includes(address))
    .map((gateway) => limitsOf(gateway, port))
  // An address of meshNetworks can be that of a gateway which has not been made.
  const unmade = services.length === 0 ? clusters.map((cluster) => notMade(cluster, network)) : []
  const agents = clusters.filter((cluster) => cluster.network === network).map(missingAgents)
  return [
    ...(await Promise.all(limits)).flat(),
    ...(await Promise.all(unmade)).flat().map(({ line }) => line),
    ...(await Promise.all(agents)).flat(),
  ]
}

const numbers = ['no', 'one', 'two', 'three', 'four', 'five']

const originLines = ({ network, address, origins }: Entrance, entrances: Entrance[]): string[] => [
  `${address} is ` +
    (entrances.length > 1
      ? `one of ${numbers[entrances.length] ?? entrances.length} entrances of ${network}`
      : `the entrance of ${network}`) +
    `, by ${origins.join(' and ')}`,
  ...(entrances.length > 1
    ? [`the others are ${entrances.flatMap((other) => (other.address === address ? [] : other.address)).join(', ')}`]
    : []),
]

/** How many server names are greeted before silence counts. */
const greeted = 3

/**
 * What is wrong with the way into a network at one entrance. Where the connection is fine, a TLS greeting for a name
 * that the gateway passes on must be answered as well; `passed` are such names, none where the gateway itself is at
 * fault.
 */
export const entranceProblems = async (way: Way, passed: Promise<PassedName[]>): Promise<Finding[]> => {
  const found = await wayProblems(
    way,
    passed.then((names) => names.length > 0),
  )
  return found.length > 0 ? found : greetedInVain(way, (await passed).slice(0, greeted))
}

const isTls = (answer: Awaited<ReturnType<typeof greet>>): boolean => answer === 'handshake' || answer === 'alert'

const greetedInVain = async (way: Way, passed: PassedName[]): Promise<Finding[]> => {
  const { from, to, address, port, about = [] } = way
  const [first] = passed
  if (!first) return []
  const vantage = await vantageIn(from)
  let answer = await greet(vantage, address, port, first.serverName)
  if (answer === undefined || isTls(answer)) return []
  for (const { serverName } of passed) {
    answer = await greet(vantage, address, port, serverName)
    if (answer === undefined || isTls(answer)) return []
  }
  // Where the server does not answer its own gateway either, the fault is not on the way.
  const own = await greet(first.from, first.endpoint.address, first.endpoint.port, first.serverName)
  if (!isTls(own)) return []
  return [
    {
      code: way.code,
      cause: 'the address of a gateway is open, and no mesh gateway answers TLS there',
      where: `${from.name} → ${hostPort(address, port)}`,
      evidence: [
        `from ${vantagePlace(vantage, from)}: a TLS greeting for ${first.serverName} ` +
          (answer === 'nothing' ? 'is not answered: the connection closes or stays silent' : 'is answered with no TLS'),
        `${first.from.namespace}/${first.from.pod}, the gateway, is answered by the server behind that name, so the ` +
          'address leads elsewhere or something in between changes what is sent',
        ...about,
      ],
      fix: kubectl(
        from,
        `-n ${vantage.namespace} exec ${vantage.pod} -c istio-proxy -- curl -v telnet://${hostPort(address, port)}`,
      ),
      clusters: [...new Set([from, ...to].map(({ name }) => name))],
    },
  ]
}
