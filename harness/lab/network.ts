import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { docker, type EngineInfo } from '#engine/docker.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { overlap, type ClusterPlan } from '#topology/topology-file.ts'
import { labelArguments, nameOf } from '#engine/labels.ts'
import { runFolder } from './run-state.ts'

const Networks = z.array(
  z.object({ IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string().default('') })).nullish() }) }),
)

const Inspected = z.tuple([z.object({ IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string() })) }) })])

// The words of Docker up to 27, and of Docker from 28 on.
const noRangeLeft = /non-overlapping IPv4 address pool|predefined address pools have been fully subnetted/

/**
 * Creates the run's own engine network and returns its IPv4 range.
 * @throws MeshproofError MP-411 when the engine picks a range that a cluster of the plan also uses, MP-413 when it has
 * no range left.
 */
export const createNetwork = async (
  runId: string,
  owner: string,
  clusters: ClusterPlan[],
  signal: AbortSignal,
): Promise<string> => {
  const name = nameOf(runId)
  try {
    await docker(['network', 'create', ...labelArguments(runId, owner, runFolder(runId)), name], { signal })
  } catch (error) {
    throw noRangeLeft.test(reasonOf(error)) ? await withoutRange(name, error) : error
  }
  const [network] = Inspected.parse(JSON.parse(await docker(['network', 'inspect', name], { signal })))
  const subnet = network.IPAM.Config.map(({ Subnet }) => Subnet).find((range) => ipaddr.IPv4.isValidCIDR(range)) ?? ''
  if (subnet === '') {
    throw new MeshproofError('MP-411', {
      what: 'The engine’s network has no IPv4 range',
      where: name,
      next: 'Add an IPv4 range to the engine’s default-address-pools.',
    })
  }
  for (const cluster of clusters) {
    for (const range of [cluster.podCidr, cluster.serviceCidr]) {
      if (!overlap(subnet, range)) continue
      throw new MeshproofError('MP-411', {
        what: 'The engine’s network overlaps a range of the topology',
        where: `${subnet} and ${cluster.name}’s ${range}`,
        next: 'Set the engine’s default-address-pools to a range outside 10.0.0.0/8, then run again.',
      })
    }
  }
  return subnet
}

const withoutRange = async (network: string, cause: unknown): Promise<MeshproofError> => {
  const networks = (await docker(['network', 'ls', '--format', '{{.Name}}']).catch(() => ''))
    .split('\n')
    .filter(Boolean)
  return new MeshproofError('MP-413', {
    what: 'The engine has no address range left for another network',
    where: network,
    why: `its default-address-pools are used up by the networks that exist (${networks.length})`,
    next: '`docker network prune` removes those that no container uses. Or add a range to default-address-pools.',
    cause,
  })
}

// The ranges of an engine without default-address-pools (moby, libnetwork/ipamutils: 31 networks).
const dockersPools = [
  ...[17, 18, 19].map((second) => ({ Base: `172.${second}.0.0/16`, Size: 16 })),
  ...[20, 24, 28].map((second) => ({ Base: `172.${second}.0.0/14`, Size: 16 })),
  { Base: '192.168.0.0/16', Size: 20 },
]

/** How many IPv4 ranges the engine has for networks, and how many of them no network of the engine overlaps. */
export const networkRanges = async ({
  DefaultAddressPools: pools,
}: Pick<EngineInfo, 'DefaultAddressPools'>): Promise<{ total: number; free: number }> => {
  const names = (await docker(['network', 'ls', '--quiet'])).split('\n').filter(Boolean)
  const inspected = names.length === 0 ? '[]' : await docker(['network', 'inspect', ...names])
  const taken = Networks.parse(JSON.parse(inspected))
    .flatMap(({ IPAM }) => IPAM.Config ?? [])
    .map(({ Subnet }) => Subnet)
    .filter((range) => ipaddr.IPv4.isValidCIDR(range))
  const sizes = (pools ?? dockersPools)
    .filter(({ Base }) => ipaddr.IPv4.isValidCIDR(Base))
    .map(({ Base, Size }) => ({
      total: partsOf(Base, Size),
      used: taken.filter((range) => overlap(range, Base)).reduce((sum, range) => sum + partsOf(range, Size), 0),
    }))
  return {
    total: sizes.reduce((sum, { total }) => sum + total, 0),
    free: sizes.reduce((sum, { total, used }) => sum + Math.max(0, total - used), 0),
  }
}

/** Into how many networks of a size a range can be cut; 1 where it is no larger than one. */
const partsOf = (range: string, size: number): number => 2 ** Math.max(0, size - ipaddr.IPv4.parseCIDR(range)[1])

/** Removes the run's network, if it exists. */
export const removeNetwork = async (runId: string): Promise<void> => {
  const ids = await docker(['network', 'ls', '--quiet', '--filter', `name=^${nameOf(runId)}$`])
  if (ids) await docker(['network', 'rm', nameOf(runId)])
}

const poolSize = 16

/**
 * The load balancer's addresses for each cluster, as `first-last`, in the order of the clusters. They are blocks from
 * the upper end of the engine's network, because the engine assigns addresses from the lower end.
 * @throws MeshproofError MP-412 when the network is too small.
 */
export const addressPools = (subnet: string, clusters: number): string[] => {
  const [network, bits] = ipaddr.IPv4.parseCIDR(subnet)
  const base = numberOf(ipaddr.IPv4.networkAddressFromCIDR(`${network.toString()}/${bits}`))
  const end = base + 2 ** (32 - bits) - 1 // the broadcast address, which no service can have
  if (end - base < poolSize * (clusters + 2)) {
    throw new MeshproofError('MP-412', {
      what: 'The engine’s network is too small for the load balancers’ addresses',
      where: subnet,
      next: 'Configure the engine’s default-address-pools with networks of /24 or larger.',
    })
  }
  return Array.from({ length: clusters }, (_, index) => {
    const last = end - 1 - index * poolSize
    return `${addressOf(last - poolSize + 1)}-${addressOf(last)}`
  })
}

const numberOf = (address: ipaddr.IPv4): number => address.octets.reduce((sum, octet) => sum * 256 + octet, 0)
const addressOf = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
