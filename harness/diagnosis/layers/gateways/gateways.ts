import pMap from 'p-map'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Finding, Layer } from '#diagnosis/layer.ts'
import { addressesInto, networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { entranceProblems, waysInto } from './between-networks.ts'
import { writtenEntrances } from './entrances.ts'
import { notPassedOn } from './passing.ts'
import { gatewayDown } from './pods.ts'
import { starvedGateway } from './starved.ts'
import { waysToIstiod } from './to-istiod.ts'
import { neighboursOf, waysToNeighbours } from './to-neighbours.ts'
import { wayProblems, type Way } from './ways.ts'

/** How many ways are tried at once: each is an exec. */
const concurrency = 6

/**
 * Every network is entered through gateways that have an address, pods, and the mesh’s services behind them; and
 * every way between clusters is open, loses nothing, and carries large packets.
 */
export const gateways: Layer = {
  name: 'gateways',
  look: async (mesh) => {
    const networks = severalNetworks(mesh) ? await networkGateways(mesh) : []
    const [entered, others] = await Promise.all([
      Promise.all(networks.map((own) => lookInto(mesh, networks, own))),
      lookAlongOthers(mesh),
    ])
    const looks = [...entered, others]
    const findings = looks.flatMap((look) => look.findings)
    const unseen = looks.flatMap((look) => look.unseen)
    // Where no way could be tried, the layer is not judged.
    const [reason] = unseen
    if (reason && findings.length === 0 && unseen.length === looks.reduce((ways, look) => ways + look.ways, 0))
      throw reason
    const notes = [...looks.flatMap((look) => look.notes), ...unseen.map(reasonOf)]
    return { findings, seen: await seenIn(mesh, networks), notes: [...new Set(notes)] }
  },
}

/** What looking at some ways came to: `unseen` are why some of them could not be tried. */
type Looked = { findings: Finding[]; notes: string[]; ways: number; unseen: MeshproofError[] }

const lookAlong = async (ways: Way[], problems: (way: Way) => Promise<Finding[]>): Promise<Looked> => {
  const unseen: MeshproofError[] = []
  const findings = await pMap(
    ways,
    async (way) => {
      try {
        return await problems(way)
      } catch (error) {
        if (!(error instanceof MeshproofError)) throw error
        unseen.push(error)
        return []
      }
    },
    { concurrency },
  )
  return { findings: findings.flat(), notes: [], ways: ways.length, unseen }
}

/** The way into one network: as it is written down, its gateways, and each entrance seen from outside. */
const lookInto = async (mesh: Survey, networks: NetworkGateways[], own: NetworkGateways): Promise<Looked> => {
  const written = await writtenEntrances(mesh, networks, own)
  if (written.length > 0) return { findings: written, notes: [], ways: 0, unseen: [] }
  const states = await Promise.all(
    own.services.map(async (gateway) => ({
      gateway,
      finding: (await gatewayDown(gateway)) ?? (await starvedGateway(gateway)),
    })),
  )
  // What such a gateway answers, and when, shows nothing else.
  const ailing = states.flatMap(({ gateway, finding }) => (finding ? [gateway] : []))
  const passing = Promise.all(
    own.services.filter((gateway) => !ailing.includes(gateway)).map((gateway) => notPassedOn(mesh, gateway)),
  )
  const passed = passing.then(
    (looks) => (looks.every((look) => look.findings.length === 0) ? looks.flatMap((look) => look.passed) : []),
    () => [],
  )
  const [along, looks] = await Promise.all([
    lookAlong(waysInto(mesh, own, ailing), (way) => entranceProblems(way, passed)),
    passing,
  ])
  return {
    ...along,
    findings: [
      ...states.flatMap(({ finding }) => finding ?? []),
      ...looks.flatMap((look) => look.findings),
      ...along.findings,
    ],
    notes: looks.flatMap((look) => look.notes),
  }
}

const lookAlongOthers = async (mesh: Survey): Promise<Looked> => {
  const ways = await Promise.all(
    mesh.clusters.flatMap((cluster) => [waysToIstiod(mesh, cluster), waysToNeighbours(mesh, cluster)]),
  )
  return lookAlong(ways.flat(), async (way) => {
    const found = await wayProblems(way)
    return found.length > 0 ? found : ((await way.refused?.()) ?? [])
  })
}

const seenIn = async (mesh: Survey, networks: NetworkGateways[]): Promise<string> => {
  const joined =
    mesh.clusters.some((cluster) => neighboursOf(mesh, cluster).length > 0) && (await sharedServices(mesh)).length > 0
  return (
    [
      ...networks.map((own) => `${own.network} at ${addressesInto(own).join(', ')} open to the others`),
      ...(joined ? ['pods of clusters on one network reach each other'] : []),
    ].join('; ') || 'one network needs none'
  )
}
