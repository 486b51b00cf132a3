import { describe, expect, test } from 'vitest'
import type { EngineInfo } from '#engine/docker.ts'
import { clustersByRole } from '#istio/procedure.ts'
import { named } from '#istio/shared-steps.ts'
import { labTasks } from '#run/bring-up.ts'
import { emptyCache } from '#testing/edge.ts'
import { idleLab, threeClusters, variant } from '#testing/idle-lab.ts'
import { severalNetworks } from '#topology/networks.ts'
import { istiodHostOf, primariesOf } from '#topology/roles.ts'
import { type Mtls, type Topology, topologyNames } from '#topology/topology-file.ts'
import { procedures } from './index.ts'

const noEngine: EngineInfo = {
  ServerVersion: '',
  Architecture: '',
  CgroupVersion: '',
  NCPU: 2,
  MemTotal: 0,
  OperatingSystem: '',
  DockerRootDir: '',
  DefaultRuntime: '',
  Driver: '',
  OSType: 'linux',
  program: 'Docker',
}

/** The same topology with one cluster more: on the last one’s network, and a remote where there are remotes. */
const larger = ({ name, clusters, ...rest }: Topology): Topology => ({
  ...rest,
  name: `${name}, larger`,
  clusters: [
    ...clusters,
    {
      ...clusters.find(({ role }) => role === 'remote' || clusters.every((cluster) => cluster.role === 'primary'))!,
      network: clusters.at(-1)!.network,
      name: 'cluster3',
      podCidr: '10.30.0.0/16',
      serviceCidr: '10.253.0.0/16',
      version: 'v3',
    },
  ],
})

const builtIn = await topologyNames()
const modes: Mtls[] = ['strict', 'off']
const topologies = (
  await Promise.all(modes.map((mtls) => Promise.all([...builtIn, threeClusters].map((name) => variant(name, mtls)))))
).flat()
/** The same topology with gateways of the Gateway API. */
const withResources = (topology: Topology): Topology => ({
  ...topology,
  name: `${topology.name}, Gateway API`,
  gateways: 'gateway-api',
})
const installed = [...topologies, ...topologies.filter(({ name }) => builtIn.includes(name)).map(larger)]
const variants = [...installed, ...installed.filter(severalNetworks).map(withResources)].map((topology) => ({
  ...topology,
  topology,
}))

test('every procedure has a name of its own, and a built-in topology', () => {
  expect(Object.entries(procedures).filter(([name, procedure]) => procedure.name !== name)).toEqual([])
  expect(new Set(topologies.map(({ procedure }) => procedure))).toEqual(new Set(Object.keys(procedures)))
})

describe.each(variants)('the steps of $name, mutual TLS $mtls', ({ topology }) => {
  const procedure = procedures[topology.procedure]

  test('come after what stands before them, each name once', async () => {
    await emptyCache()
    const tasks = labTasks(await idleLab(topology), 'host/1/1', noEngine, procedure)
    const names = tasks.map(({ name }) => name)
    const steps = procedure.steps(topology).map(({ name }) => name)
    expect(names.slice(-steps.length)).toEqual(steps)
    expect(new Set(names).size).toBe(names.length)
    const tooEarly = tasks.flatMap(({ name, after = [] }, index) =>
      after.filter((earlier) => !names.slice(0, index).includes(earlier)).map((earlier) => `${name} after ${earlier}`),
    )
    expect(tooEarly).toEqual([])
  })

  test('give every cluster its certificates, its workloads and a control plane that watches it', () => {
    const { all, primaries, remotes } = clustersByRole(topology)
    const hosts = primariesOf(topology).map(istiodHostOf)
    const watching = primaries.flatMap((to, index) =>
      all.filter((of) => of !== to && (index === 0 || primaries.includes(of))).map((of) => named.remoteSecret(of, to)),
    )
    expect(procedure.steps(topology).map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...all.flatMap((cluster) => [named.trust(cluster, topology), named.workloads(cluster)]),
        ...hosts.map(named.controlPlane),
        ...primaries.map((cluster) => `${cluster}: mutual TLS ${topology.mtls === 'strict' ? 'required' : 'off'}`),
        ...primaries.filter((cluster) => !hosts.includes(cluster)).map(named.configCluster),
        ...remotes.filter((cluster) => !hosts.includes(cluster)).map(named.remote),
        ...watching,
      ]),
    )
  })
})
