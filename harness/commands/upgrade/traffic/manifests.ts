import type { Manifest } from '#kube/client.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { fixture } from '#istio/fixture.ts'
import { labNamespaces, lifecycleOf } from '#istio/workloads.ts'
import type { Probe } from '#results/results.ts'
import { fileOf } from './plan-probes.ts'
import { pressureFile } from './pressure.ts'

const { mesh, outside } = labNamespaces

/**
 * The name of a target’s service. With `once` every request comes on a new connection; without it a client keeps its
 * connection.
 */
export const targetHost = (cluster: string, once: boolean): string => `target-in-${cluster}${once ? '-once' : ''}`

/**
 * The targets of a cluster’s probes and their services: the cluster’s own target inside and outside the mesh, and
 * the services of every cluster’s target. A target with `drains` false ends while requests are on their way to it.
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
 * The rules for connections to the targets, and for the clients that they refuse. They belong in every primary cluster,
 * since remote clusters read their configuration there.
 */
export const probeRules = async ({ clusters, topology: { mtls } }: Lab): Promise<Manifest[]> => {
  const upTo = (requests: number): string =>
    JSON.stringify({ connectionPool: { http: { maxRequestsPerConnection: requests } } })
  // A gateway passes connections through and cannot end a connection between two requests. So clients renew their
  // connections within the 5 s that a gateway drains.
  const [kept, once] = [upTo(15), upTo(1)]
  const host = (cluster: string, isOnce: boolean): Promise<Manifest[]> =>
    fixture('policies/probe-host.yaml', {
      namespace: mesh,
      host: targetHost(cluster, isOnce),
      trafficpolicy: isOnce ? once : kept,
    })
  return [
    ...(await Promise.all(clusters.flatMap(({ name }) => [host(name, false), host(name, true)]))).flat(),
    ...(await fixture('policies/probe-log.yaml', { namespace: mesh })),
    ...(mtls === 'strict' ? await fixture('policies/probe-stranger.yaml', { namespace: mesh }) : []),
  ]
}

/**
 * The deployments of probes. Each has a namespace, a name, the service account it runs under, and the condition `runs`
 * for the probes that it runs.
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

/** The client deployments of one cluster. */
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
          probes: JSON.stringify([
            ...own.flatMap(argumentsOf),
            ...(own.some(({ kind }) => kind === 'outside') ? [pressureFile, 'pressure', '', ''] : []),
          ]),
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
  // A stream also gets a new connection. The head of its answer is sent before its pod begins to drain. On a kept
  // connection the proxy would therefore send the next request to a pod that is gone.
  return [
    fileOf(probe),
    manner,
    header,
    `http://${targetHost(to, manner !== 'kept')}.${namespace}:5000/${kind === 'stream' ? 'stream' : 'hello'}`,
  ]
}
