import {
  check,
  clustersIn,
  echoOnly,
  echoPorts,
  echoService,
  echoServices,
  hostQuestion,
  httpQuestion,
  manyQuestion,
  whereRequestsCross,
  type Cluster,
  type Reply,
} from '#suite.ts'
import { asked, expectHeard, heardOf, type Heard } from './ask-echo.ts'

/** The seconds to wait for an answer that must not come. */
const inVain = 2

/** The checks of services of several pods, and of a host outside of the mesh. */
export const echoNames = [
  check(
    {
      ...asked,
      id: 'protocol.pod-names',
      title:
        'a headless service and a pod of its StatefulSet are reached by name in their own cluster; in another one on ' +
        'its network the pod at its address, and across networks not at all',
      source:
        'Istio’s DNS proxying: names of headless pods are told within a network; its gateways pass on services, ' +
        'not pods',
    },
    async ({ mesh, from }) => {
      const service = `${echoServices.pods}.${mesh.namespace}`
      const nameOf = ({ version }: Cluster, pod = 0): string => `${echoService(version)}-${pod}.${service}`
      const urlOf = (host: string): string => `http://${host}:${echoPorts.shared}/`
      const others = await Promise.all(
        mesh.othersThan(from).map(async (peer) => ({ peer, address: await peer.echoAddress() })),
      )
      const near = mesh.onNetworkOf(from).map(({ name }) => name)
      const { capturesDns } = await from.injection()
      // Proxies that answer DNS tell the pods of their network; a name server tells those of its cluster.
      const told = [from.name, ...(capturesDns ? near : [])]
      return expectHeard(from, 'MP-707', [
        {
          question: httpQuestion(`${from.name} by name`, urlOf(nameOf(from)), '1.1'),
          hear: heardOf,
          expected: answer(from),
        },
        {
          question: httpQuestion('the headless service', urlOf(service), '1.1'),
          hear: (reply) => (told.includes(reply.field('Cluster') ?? '') ? `${reply.status}` : heardOf(reply)),
          expected: '200',
        },
        unresolved('a pod that does not exist', urlOf(nameOf(from, 1))),
        ...others.flatMap(({ peer, address }) => [
          ...(capturesDns ? [] : [unresolved(`${peer.name} by name`, urlOf(nameOf(peer)))]),
          {
            question: hostQuestion(
              `${peer.name} at its address`,
              nameOf(peer),
              echoPorts.shared,
              near.includes(peer.name) ? { address } : { address, seconds: inVain },
            ),
            hear: near.includes(peer.name) ? heardOf : answered,
            expected: near.includes(peer.name) ? answer(peer) : 'no answer',
          },
        ]),
      ])
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.one-cluster',
      title: 'a service that exists in one cluster alone is answered in all, where its name has an address',
      source: 'Istio’s multicluster traffic management: a name resolves with a stub service or DNS proxying alone',
    },
    async ({ mesh, from }) => {
      const { capturesDns } = await from.injection()
      const strangers = capturesDns ? [] : mesh.othersThan(from)
      const host = ({ version }: Pick<Cluster, 'version'>): string => `${echoOnly(version)}.${mesh.namespace}`
      return expectHeard(from, 'MP-707', [
        ...mesh.reachableFrom(from).map((peer) => ({
          question: hostQuestion(`that of ${peer.name}`, host(peer), echoPorts.shared),
          hear: heardOf,
          expected: answer(peer),
        })),
        ...strangers.map((peer) =>
          unresolved(`that of ${peer.name}, by name`, `http://${host(peer)}:${echoPorts.shared}/`),
        ),
        unresolved('that of no cluster', `http://${host({ version: 'v0' })}:${echoPorts.shared}/`),
      ])
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.outside-host',
      title: 'a host outside of the mesh is reached through a ServiceEntry, from every cluster of its network',
      source: 'Istio’s ServiceEntry, read by the control plane of every cluster; a host without one is not answered',
      from: 'mesh',
    },
    async ({ mesh }) => {
      const hosts = await Promise.all(
        mesh.clusters.map(async (cluster) => ({
          cluster,
          host: `outside-${cluster.version}.meshproof.example`,
          address: await cluster.outsideAddress(),
        })),
      )
      return mesh.withOutsideHosts(
        hosts.map(({ host, address }) => ({ host, address })),
        async () => {
          const reports = await Promise.all(
            mesh.clusters.map((from) =>
              expectHeard(from, 'MP-708', [
                ...hosts
                  .filter(({ cluster }) => cluster.network === from.network)
                  .map(({ cluster, host }) => ({
                    question: hostQuestion(`${from.name} to ${host}`, host, echoPorts.http),
                    hear: heardOf,
                    expected: answer(cluster),
                  })),
                {
                  question: hostQuestion(
                    `${from.name} to a host without one`,
                    'nowhere.meshproof.example',
                    echoPorts.http,
                    { seconds: inVain },
                  ),
                  hear: answered,
                  expected: 'no answer',
                },
              ]),
            ),
          )
          return reports.join('; ')
        },
      )
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.traffic-distribution',
      title: 'a service that prefers what is close is answered by its client’s network alone; another one by all',
      source: 'Kubernetes’ trafficDistribution: PreferClose; Istio counts the network before region and zone',
      applies: (topology, upgrade) =>
        asked.applies(topology, upgrade) === true ? whereRequestsCross(topology) : asked.applies(topology, upgrade),
    },
    async ({ mesh, from }) => {
      const near = [from, ...mesh.onNetworkOf(from)].map(({ name }) => name).sort()
      const every = mesh.clusters.map(({ name }) => name).sort()
      const many = (service: string, expected: string[]): Heard => ({
        question: manyQuestion(service, `http://${service}.${mesh.namespace}:${echoPorts.shared}/`, 12 * every.length),
        hear: (reply) => clustersIn(reply).join(', '),
        expected: expected.join(', '),
      })
      return expectHeard(from, 'MP-709', [many(echoServices.near, near), many(echoServices.all, every)])
    },
  ),
]

/** An answer of a cluster’s echo over HTTP/1.1. */
const answer = ({ name }: Pick<Cluster, 'name'>): string => `200 HTTP/1.1 from ${name}`

const answered = ({ status }: Reply): string => (status === 200 ? 'answered' : 'no answer')

/** A name that must not resolve. Where proxies answer DNS, every name of the mesh does (Istio’s DNS proxying). */
const unresolved = (name: string, url: string): Heard => ({
  question: httpQuestion(name, url, '1.1'),
  hear: (reply) => (reply.error.includes('resolve host') ? 'no such name' : `a name: ${heardOf(reply)}`),
  expected: 'no such name',
})
