import {
  because,
  check,
  clustersIn,
  downloadQuestion,
  echoOnly,
  echoPorts,
  echoService,
  echoServices,
  expect,
  headersIn,
  headersQuestion,
  hostQuestion,
  httpQuestion,
  httpsQuestion,
  largestBody,
  manyQuestion,
  serverFirstQuestion,
  silentQuestion,
  smallBody,
  streamAnswersIn,
  streamQuestion,
  unaryQuestion,
  uploadQuestion,
  webSocketQuestion,
  whereRequestsCross,
  type CauseCode,
  type CheckContext,
  type Cluster,
  type Question,
  type Reply,
} from '#suite.ts'

/** A question to the echo of a cluster, and what is heard in its answer: a text that can be compared. */
type Asked = {
  ask: (host: string, peer: string) => Question
  hear: (reply: Reply) => string
  /** What must be heard from a cluster; for a control, from the client’s own. */
  expected: (peer: string) => string
}

/** What echo is told: no name of a host or a header has it. */
const words = 'said-once'

/** The seconds to wait for an answer that must not come. */
const inVain = 2

/** What several checks have in common. */
const asked = {
  layer: 'protocol',
  from: 'each',
  needs: ['echo'],
  applies: (_: unknown, upgrade?: unknown) => upgrade === undefined || 'an upgrade deploys no echo',
} as const

/** The checks of this layer, in the order of the catalogue. Each asks the echo of every cluster by a name of its own. */
export const protocol = [
  check(
    {
      ...asked,
      id: 'protocol.http1',
      title: 'HTTP/1.1 reaches the server of every cluster as HTTP/1.1',
      source: 'Istio’s protocol selection: a port named http is HTTP/1.1',
    },
    (context) =>
      everyEcho(context, 'MP-701', [overHttp('1.1', echoPorts.http, 'HTTP/1.1')], {
        ...overHttp('1.1', echoPorts.http2, 'HTTP/2.0'),
      }),
  ),
  check(
    {
      ...asked,
      id: 'protocol.http2',
      title: 'HTTP/2 reaches the server of every cluster as HTTP/2',
      source: 'Istio’s protocol selection: a port named http2 is HTTP/2, without TLS too',
    },
    (context) =>
      everyEcho(context, 'MP-701', [overHttp('2', echoPorts.http2, 'HTTP/2.0')], {
        ...overHttp('2', echoPorts.http, 'HTTP/1.1'),
      }),
  ),
  check(
    {
      ...asked,
      id: 'protocol.grpc',
      title: 'a call of gRPC is answered in every cluster, and not through a port that is declared as HTTP/1.1',
      source: 'Istio’s protocol selection: a port named grpc; gRPC’s wire format',
    },
    (context) => {
      const unary = (port: number): Pick<Asked, 'ask' | 'hear'> => ({
        ask: (host, peer) => unaryQuestion(`unary call to ${peer}, port ${port}`, `http://${host}:${port}`, words),
        hear: (reply) =>
          `status ${reply.grpcStatus ?? 'none'}, ${reply.field('Echo') ?? 'no echo'} of ${reply.field('Cluster')}`,
      })
      return everyEcho(
        context,
        'MP-702',
        [{ ...unary(echoPorts.grpc), expected: (peer) => `status 0, ${words} of ${peer}` }],
        {
          ask: unary(echoPorts.grpcAsHttp).ask,
          hear: ({ grpcStatus }) => (grpcStatus === 0 ? 'answered' : 'refused'),
          expected: () => 'refused',
        },
      )
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.grpc-stream',
      title: 'a stream of gRPC stays open between its messages, and each is answered, in every cluster',
      source: 'gRPC’s streams in both directions; istio/istio#7877: timeouts of a route end streams',
    },
    (context) => {
      const answers = (reply: Reply): string =>
        `status ${reply.grpcStatus ?? 'none'}, ${streamAnswersIn(reply)} answers`
      const stream = (port: number): Pick<Asked, 'ask' | 'hear'> => ({
        ask: (host, peer) => streamQuestion(`stream to ${peer}, port ${port}`, `http://${host}:${port}`),
        hear: answers,
      })
      return everyEcho(context, 'MP-702', [{ ...stream(echoPorts.grpc), expected: () => 'status 0, 2 answers' }], {
        ask: stream(echoPorts.grpcAsHttp).ask,
        hear: (reply) => (streamAnswersIn(reply) === 0 ? 'refused' : answers(reply)),
        expected: () => 'refused',
      })
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.server-first',
      title: 'a TCP server that speaks first is heard in every cluster, and not through a port without a protocol',
      source: 'Istio’s protocol selection: server-first protocols need a port named tcp',
    },
    (context) =>
      everyEcho(
        context,
        'MP-703',
        [
          {
            ask: (host, peer) => serverFirstQuestion(`greeting of ${peer}`, `${host}:${echoPorts.tcp}`, words),
            hear: (reply) =>
              `${greeted(reply)}, ${reply.text.includes(`\n${words}\n`) ? 'echoed' : 'silent'} by ` +
              `${reply.field('Cluster')}`,
            expected: (peer) => `greeted, echoed by ${peer}`,
          },
        ],
        {
          ask: (host, peer) => silentQuestion(`greeting of ${peer}, undeclared`, `${host}:${echoPorts.undeclared}`, 1),
          hear: greeted,
          expected: () => 'not greeted',
        },
      ),
  ),
  check(
    {
      ...asked,
      id: 'protocol.tls',
      title: 'TLS that the application speaks itself ends at the application of every cluster',
      source: 'Istio’s protocol selection: a port named https is passed through',
    },
    (context) =>
      everyEcho(
        context,
        'MP-704',
        [
          {
            ask: (host, peer) => httpsQuestion(`TLS to ${peer}`, `https://${host}:${echoPorts.tls}/`),
            hear: (reply) => `${heardOf(reply)}, SNI ${reply.field('Sni') ?? 'none'}`,
            expected: (peer) => `200 HTTP/1.1 from ${peer}, SNI ${hostIn(context, peer)}`,
          },
        ],
        {
          ask: (host, peer) =>
            httpQuestion(`plaintext to the TLS of ${peer}`, `http://${host}:${echoPorts.tls}/`, '1.1'),
          hear: ({ status }) => (status === 200 ? 'answered' : 'refused'),
          expected: () => 'refused',
        },
      ),
  ),
  check(
    {
      ...asked,
      id: 'protocol.websocket',
      title: 'a WebSocket is upgraded and echoed in every cluster',
      source: 'Istio supports WebSockets on ports of HTTP; RFC 6455',
    },
    (context) =>
      everyEcho(
        context,
        'MP-705',
        [
          {
            ask: (host, peer) => webSocketQuestion(`WebSocket to ${peer}`, `${host}:${echoPorts.websocket}`, words),
            hear: (reply) =>
              `${reply.status}, ${reply.text.includes(words) ? 'echoed' : 'silent'} by ` + `${reply.field('Cluster')}`,
            expected: (peer) => `101, echoed by ${peer}`,
          },
        ],
        overHttp('1.1', echoPorts.websocket, 'HTTP/1.1'),
      ),
  ),
  check(
    {
      ...asked,
      id: 'protocol.bodies',
      title: 'bodies of 64 KB and of 10 MB arrive whole, to and from every cluster',
      source: 'Envoy streams bodies unless a filter buffers them; Istio sets no limit',
    },
    (context) =>
      everyEcho(
        context,
        'MP-706',
        [smallBody, largestBody].flatMap((bytes) => [upload(bytes), download(bytes)]),
        {
          ...upload(largestBody + 1),
          expected: () => `200, ${largestBody + 1} bytes, too large for echo`,
        },
      ),
  ),
  check(
    {
      ...asked,
      id: 'protocol.headers',
      title: 'eighty headers of 400 bytes arrive in every cluster',
      source: 'Envoy’s limits: 100 headers, 60 KiB in all',
    },
    (context) => {
      const headers = (count: number): Asked => ({
        ask: (host, peer) =>
          headersQuestion(`${count} headers to ${peer}`, `http://${host}:${echoPorts.headers}/`, count),
        hear: (reply) => `${reply.status}, ${headersIn(reply)} headers`,
        expected: () => `200, ${count} headers`,
      })
      return everyEcho(context, 'MP-706', [headers(80)], headers(0))
    },
  ),
  check(
    {
      ...asked,
      id: 'protocol.pod-names',
      title:
        'a pod of a StatefulSet is reached by its name in its own cluster; in another one on its network at its ' +
        'address, and across networks not at all',
      source:
        'Istio’s DNS proxying: names of headless pods are told within a network; its gateways pass on services, ' +
        'not pods',
    },
    async ({ mesh, from }) => {
      const nameOf = ({ version }: Cluster): string =>
        `${echoService(version)}-0.${echoServices.pods}.${mesh.namespace}`
      const url = (peer: Cluster): string => `http://${nameOf(peer)}:${echoPorts.shared}/`
      const others = await Promise.all(
        mesh.othersThan(from).map(async (peer) => ({ peer, address: await peer.echoAddress() })),
      )
      const near = mesh.onNetworkOf(from).map(({ name }) => name)
      return expectHeard(from, 'MP-707', [
        { question: httpQuestion(`${from.name} by name`, url(from), '1.1'), hear: heardOf, expected: answer(from) },
        ...others.flatMap(({ peer, address }) => [
          {
            question: httpQuestion(`${peer.name} by name`, url(peer), '1.1'),
            hear: resolved,
            expected: 'no such name',
          },
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
      const host = ({ version }: Cluster): string => `${echoOnly(version)}.${mesh.namespace}`
      return expectHeard(from, 'MP-707', [
        ...mesh.reachableFrom(from).map((peer) => ({
          question: hostQuestion(`that of ${peer.name}`, host(peer), echoPorts.shared),
          hear: heardOf,
          expected: answer(peer),
        })),
        ...mesh.othersThan(from).map((peer) => ({
          question: httpQuestion(`that of ${peer.name}, by name`, `http://${host(peer)}:${echoPorts.shared}/`, '1.1'),
          hear: resolved,
          expected: 'no such name',
        })),
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

/** What a server reports of a request of HTTP. */
const heardOf = (reply: Reply): string =>
  `${reply.status} ${reply.field('Proto') ?? 'no protocol'} from ${reply.field('Cluster') ?? 'nobody'}`

const overHttp = (version: '1.1' | '2', port: number, reported: string): Asked => ({
  ask: (host, peer) => httpQuestion(`HTTP/${version} to ${peer}, port ${port}`, `http://${host}:${port}/`, version),
  hear: heardOf,
  expected: (peer) => `200 ${reported} from ${peer}`,
})

const greeted = ({ text }: Reply): string => (text.startsWith('server-first-protocol') ? 'greeted' : 'not greeted')

const upload = (bytes: number): Asked => ({
  ask: (host, peer) => uploadQuestion(`${bytes} bytes to ${peer}`, `http://${host}:${echoPorts.bodies}/`, bytes),
  hear: (reply) =>
    `${reply.status}, ${reply.sent} bytes, ${reply.text.includes('POST too large') ? 'too large for echo' : 'read'}`,
  expected: () => `200, ${bytes} bytes, read`,
})

const download = (bytes: number): Asked => ({
  ask: (host, peer) =>
    downloadQuestion(`${bytes} bytes from ${peer}`, `http://${host}:${echoPorts.grpc}`, echoPorts.grpc, bytes),
  hear: ({ grpcStatus, received }) =>
    `status ${grpcStatus ?? 'none'}, ${received >= bytes ? `at least ${bytes}` : received} bytes`,
  expected: () => `status 0, at least ${bytes} bytes`,
})

const hostIn = ({ mesh }: CheckContext, peer: string): string =>
  mesh.clusters.filter(({ name }) => name === peer).map(mesh.echoHost)[0] ?? ''

/** An answer of a cluster’s echo over HTTP/1.1. */
const answer = ({ name }: Pick<Cluster, 'name'>): string => `200 HTTP/1.1 from ${name}`

const answered = ({ status }: Reply): string => (status === 200 ? 'answered' : 'no answer')

const resolved = (reply: Reply): string =>
  reply.error.includes('resolve host') ? 'no such name' : `a name: ${heardOf(reply)}`

/** A question, what is heard in its answer, and what must be. */
type Heard = { question: Question; hear: (reply: Reply) => string; expected: string }

/**
 * Asks the echo of every cluster that the client can reach, its own included, and asks the control of its own. Expects
 * what is heard, for each question by its name.
 */
const everyEcho = (
  { mesh, from }: CheckContext,
  code: CauseCode,
  questions: Asked[],
  control: Asked,
): Promise<string> => {
  const peers = mesh.reachableFrom(from)
  const all = [
    ...questions.flatMap((question) => peers.map((peer) => ({ ...question, peer }))),
    { ...control, peer: from },
  ]
  return expectHeard(
    from,
    code,
    all.map(({ ask, hear, expected, peer }) => ({
      question: ask(mesh.echoHost(peer), peer.name),
      hear,
      expected: expected(peer.name),
    })),
  )
}

/** Asks questions from a cluster’s client, and expects what must be heard, for each question by its name. */
const expectHeard = async (from: Cluster, code: CauseCode, all: Heard[]): Promise<string> => {
  const heard = (replies: Reply[]): Record<string, string> =>
    Object.fromEntries(
      all.map(({ question, hear }, index) => {
        const reply = replies[index]
        return [question.name, reply === undefined ? 'nothing' : hear(reply)]
      }),
    )
  const expected = Object.fromEntries(all.map(({ question, expected: text }) => [question.name, text]))
  const asExpected = (replies: Reply[]): boolean => JSON.stringify(heard(replies)) === JSON.stringify(expected)
  const replies = await from.sleep.converse(
    all.map(({ question }) => question),
    asExpected,
  )
  expect(heard(replies), because(code)).toEqual(expected)
  return Object.entries(heard(replies))
    .map(([name, text]) => `${name}: ${text}`)
    .join('; ')
}
