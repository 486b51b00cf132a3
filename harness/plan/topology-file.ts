import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import { parse } from 'yaml'
import { z } from 'zod'

const folder = join(import.meta.dirname, '../../fixtures/topologies')

const cidr = z.string().refine((value) => ipaddr.IPv4.isValidCIDR(value), 'must be an IPv4 range such as 10.10.0.0/16')

const TopologyFile = z.strictObject({
  name: z.string(),
  title: z.string(),
  seed: z.string(),
  clusters: z.array(z.strictObject({
    name: z.string().regex(/^[a-z0-9]+$/),
    role: z.enum(['primary', 'remote']),
    network: z.string(),
    podCidr: cidr,
    serviceCidr: cidr,
    /** The version of helloworld that runs here. */
    version: z.enum(['v1', 'v2']),
  })).min(2),
})

/** `fixtures/topologies/<name>.yaml`, validated: the part of a topology that is data. */
export type TopologyFile = z.infer<typeof TopologyFile>
export type ClusterPlan = TopologyFile['clusters'][number]

/** The names of the topologies that exist. */
export const topologyNames = async (): Promise<string[]> =>
  (await readdir(folder)).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5)).sort()

/** Reads one topology by its name. */
export const loadTopologyFile = async (name: string): Promise<TopologyFile> =>
  TopologyFile.parse(parse(await readFile(join(folder, `${name}.yaml`), 'utf8')))

/** True when two IPv4 ranges share an address. */
export const overlap = (one: string, other: string): boolean => {
  const [a, aBits] = ipaddr.IPv4.parseCIDR(one)
  const [b, bBits] = ipaddr.IPv4.parseCIDR(other)
  return a.match(b, Math.min(aBits, bBits))
}
