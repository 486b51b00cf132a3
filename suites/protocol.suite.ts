import {
  check,
  downloadQuestion,
  echoPorts,
  headersIn,
  headersQuestion,
  httpQuestion,
  httpsQuestion,
  largestBody,
  serverFirstQuestion,
  silentQuestion,
  smallBody,
  streamAnswersIn,
  streamQuestion,
  unaryQuestion,
  uploadQuestion,
  webSocketQuestion,
  type CheckContext,
  type Reply,
} from '#suite.ts'
import { asked, everyEcho, heardOf, type Asked } from './ask-echo.ts'

/** What echo is told: no name of a host or a header has it. */
const words = 'said-once'

/** The checks of single servers. Each asks the echo of every cluster by a name of its own. */
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
      source: 'gRPC’s streams in both directions; a timeout of Envoy’s route spans the whole stream',
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
              `${reply.status}, ${reply.text.includes(words) ? 'echoed' : 'silent'} by ${reply.field('Cluster')}`,
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
]

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
    downloadQuestion(`${bytes} bytes from ${peer}`, `http://${host}:${echoPorts.grpcBodies}`, echoPorts.grpc, bytes),
  hear: ({ grpcStatus, received }) =>
    `status ${grpcStatus ?? 'none'}, ${received >= bytes ? `at least ${bytes}` : received} bytes`,
  expected: () => `status 0, at least ${bytes} bytes`,
})

const hostIn = ({ mesh }: CheckContext, peer: string): string =>
  mesh.clusters.filter(({ name }) => name === peer).map(mesh.echoHost)[0] ?? ''
