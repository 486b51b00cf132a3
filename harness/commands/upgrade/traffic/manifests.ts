import type { Manifest } from '#kube/client.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { fixture } from '#istio/fixture.ts'
import { labNamespaces, lifecycleOf } from '#istio/workloads.ts'
import type { Probe } from '#results/results.ts'
import { fileOf } from './plan-probes.ts'

const { mesh, outside } = labNamespaces

/**
 * A target’s service by which every request comes on a connection of its own; without `once` a client keeps its
 * connection.
 */
const hostOf = (cluster: string, once: boolean): string => `target-in-${cluster}${once ? '-once' : ''}`

/**
 * What a cluster’s probes ask, and by what names: its own target in the mesh and outside of it, and the services of
 * every cluster’s target. One that does not drain ends with requests on their way to it.
 */
export const targetsIn = async (
  { clusters, images: { roles } }: Lab,
  { name: cluster, version }: LabCluster,
  drains = true,
): Promise<Manifest[]> => {
  const helloworld = roles[`helloworld-${version}`] ?? roles['helloworld-v2'] ?? ''
  const target = { cluster, version, helloworld, lifecycle: lifecycleOf(drains) }
  return [
    ...(await fixture('workloads/probe-target.yaml', { ...target, namespace: mesh })),
    ...(await fixture('workloads/probe-target.yaml', { ...target, namespace: outside })),
    ...(await fixture('workloads/probe-services.yaml', { cluster, namespace: outside })),
    ...(
      await Promise.all(
        clusters.map(({ name }) => fixture('workloads/probe-services.yaml', { cluster: name, namespace: mesh })),
      )
    ).flat(),
  ]
}

/**
 * How the targets are asked, and whom they refuse: for every cluster with a control plane, since remote ones read it
 * there.
 */
export const probeRules = async ({ clusters, topology: { mtls } }: Lab): Promise<Manifest[]> => {
  const upTo = (requests: number): string =>
    JSON.stringify({ connectionPool: { http: { maxRequestsPerConnection: requests } } })
  // A gateway passes connections through and cannot end one between two requests: clients renew theirs within the 5 s
  // that a gateway drains.
  const [kept, once] = [upTo(15), upTo(1)]
  const host = (cluster: string, isOnce: boolean): Promise<Manifest[]> =>
    fixture('policies/probe-host.yaml', {
      namespace: mesh,
      host: hostOf(cluster, isOnce),
      trafficpolicy: isOnce ? once : kept,
    })
  return [
    ...(await Promise.all(clusters.flatMap(({ name }) => [host(name, false), host(name, true)]))).flat(),
    ...(await fixture('policies/probe-log.yaml', { namespace: mesh })),
    ...(mtls === 'strict' ? await fixture('policies/probe-stranger.yaml', { namespace: mesh }) : []),
  ]
}

/**
 * The deployments of probes, by namespace and name, each with the account it runs under and the probes that it runs in
 * a cluster.
 */
export const proberDeployments = [
  {
    namespace: mesh,
    name: 'prober',
    account: 'prober',
    runs: ({ kind, pods }: Probe) => pods === 'kept' && !['plaintext', 'outside', 'wrong-identity'].includes(kind),
  },
  { namespace: mesh, name: 'prober-restarted', account: 'prober', runs: ({ pods }: Probe) => pods === 'restarted' },
  {
    namespace: mesh,
    name: 'prober-stranger',
    account: 'stranger',
    runs: ({ kind }: Probe) => kind === 'wrong-identity',
  },
  {
    namespace: outside,
    name: 'prober',
    account: 'prober',
    runs: ({ kind }: Probe) => kind === 'plaintext' || kind === 'outside',
  },
]

/** The clients of one cluster. */
export const probersIn = async (cluster: string, probes: Probe[], curl: string): Promise<Manifest[]> => {
  const deployed = proberDeployments.map(({ runs, ...deployment }) => ({
    ...deployment,
    own: probes.filter((probe) => probe.from === cluster && runs(probe)),
  }))
  const manifests = await Promise.all(
    deployed
      .filter(({ own }) => own.length > 0)
      .map(({ namespace, name, account, own }) =>
        fixture('workloads/prober.yaml', {
          namespace,
          name,
          account,
          curl,
          probes: JSON.stringify(own.flatMap(argumentsOf)),
        }),
      ),
  )
  return manifests.flat()
}

/** The four arguments of a probe, as fixtures/workloads/prober.yaml reads them. */
const argumentsOf = (probe: Probe): string[] => {
  const { kind, to, retries, expects } = probe
  const manner =
    expects === 'refusal' ? 'refused' : kind === 'stream' ? 'stream' : kind === 'keep-alive' ? 'kept' : 'new'
  const header = kind === 'wrong-subset' ? 'subset: none' : `retries: ${retries}`
  const namespace = kind === 'outside' ? outside : mesh
  // A stream, too, comes on a connection of its own: its head was sent before its pod began to drain, so that the proxy
  // would keep the connection when the stream ends, and send the next request to a pod that is gone.
  return [
    fileOf(probe),
    manner,
    header,
    `http://${hostOf(to, manner !== 'kept')}.${namespace}:5000/${kind === 'stream' ? 'stream' : 'hello'}`,
  ]
}
