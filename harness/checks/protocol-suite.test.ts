import { describe, expect, test } from 'vitest'
import { repliesIn } from '#probes/ask-over.ts'
import { headersIn, largestBody } from '#probes/protocols.ts'
import type { Question, Reply } from '#probes/question.ts'
import { echoNames } from '../../suites/echo-names.suite.ts'
import { protocol as protocols } from '../../suites/protocol.suite.ts'
import type { CheckContext } from './check.ts'
import type { Cluster } from './cluster.ts'
import type { Injection } from './injection.ts'
import type { Mesh } from './mesh.ts'

const protocol = [...protocols, ...echoNames]

/** How an answer is printed: the words of echo, and curl’s account. */
const http = (peer: string, proto: string, { status = 200, sent = 0, more = '' } = {}): string =>
  `${more}Cluster=${peer}\nProto=${proto}\n\n\u001F\u001F${status} ${sent} 191 0 \n`
const grpc = (status: number, text: string, received = 300): string =>
  `${text}\n\n\u001F\u001F200 16 ${received} 0 \n\nHTTP/2 200 \r\n\r\ngrpc-status: ${status}\r\n`
const manyHeaders = (count: number): string =>
  Array.from({ length: count }, (_, index) => `RequestHeader=X-Many-${index}:${'b'.repeat(400)}\n`).join('')

const unresolved = '\n\u001F\u001F000 0 0 6 Could not resolve host: echo\n'
const unanswered = '\n\u001F\u001F000 0 0 28 Operation timed out\n'

/** What a healthy mesh of two networks answers to each question, by its name. */
const healthy: [RegExp, (peer: string, match: RegExpExecArray) => string][] = [
  [/^HTTP\/1.1 to (.*), port 8085$/, (peer) => http(peer, 'HTTP/2.0')],
  [/^HTTP\/2 to (.*), port 8080$/, (peer) => http(peer, 'HTTP/1.1')],
  [/^HTTP\/1.1 to (.*), port \d+$/, (peer) => http(peer, 'HTTP/1.1')],
  [/^HTTP\/2 to (.*), port \d+$/, (peer) => http(peer, 'HTTP/2.0')],
  [/^unary call to (.*), port 7070$/, (peer) => grpc(0, `Cluster=${peer}\nEcho=said-once`)],
  [/^stream to (.*), port 7070$/, () => grpc(0, 'proto.EchoTestService proto.EchoTestService')],
  [/to (.*), port 7071$/, () => grpc(14, '')],
  [/^greeting of (.*), undeclared$/, () => ''],
  [/^greeting of (.*)$/, (peer) => `server-first-protocol\nCluster=${peer}\nHostname=h\nsaid-once\n`],
  [/^TLS to (.*)$/, (peer) => http(peer, 'HTTP/1.1', { more: `Sni=echo-${peer}\n` })],
  [/^plaintext to the TLS of (.*)$/, (peer) => http(peer, 'none', { status: 400 })],
  [/^WebSocket to (.*)$/, (peer) => `HTTP/1.1 101 Switching Protocols\r\n\r\nCluster=${peer}\nsaid-once`],
  [
    /^(\d+) bytes to (.*)$/,
    (_, [, bytes]) =>
      http('', 'HTTP/1.1', { sent: Number(bytes), more: Number(bytes) > largestBody ? 'http: POST too large\n' : '' }),
  ],
  [/^(\d+) bytes from (.*)$/, (_, [, bytes]) => grpc(0, '', Number(bytes) + 50)],
  [/^there by name$/, () => unresolved],
  [/^there at its address$/, () => unanswered],
  [/^that of there, by name$/, () => unresolved],
  [/^(here) by name$/, (peer) => http(peer, 'HTTP/1.1')],
  [/^the headless service$/, () => http('here', 'HTTP/1.1')],
  [/^a pod that does not exist$/, () => unresolved],
  [/^that of no cluster$/, () => unresolved],
  [/^that of (.*)$/, (peer) => http(peer, 'HTTP/1.1')],
  [/^(.*) to outside-.*$/, (peer) => http(peer, 'HTTP/1.1')],
  [/^(.*) to a host without one$/, () => unanswered],
  [/^echo-near$/, () => http('here', 'HTTP/1.1')],
  [/^echo-all$/, () => http('there', 'HTTP/1.1', { more: 'Cluster=here\n' })],
  [/^(\d+) headers to (.*)$/, (peer, [, count]) => http(peer, 'HTTP/1.1', { more: manyHeaders(Number(count)) })],
]

const healthyAnswerTo = (name: string): string => {
  for (const [pattern, answer] of healthy) {
    const match = pattern.exec(name)
    if (match) return answer(match.at(-1) ?? '', match)
  }
  throw new Error(`no answer to “${name}”`)
}

/**
 * Proves a check in a mesh that answers as told; answers that are not told are healthy. Its proxies answer DNS where
 * `capturesDns` says so.
 */
const prove = async (
  id: string,
  told: Record<string, string> = {},
  capturesDns = false,
): Promise<{ summary: string; asked: string[] }> => {
  const asked: string[] = []
  const converse = async (questions: Question[], until: (replies: Reply[]) => boolean): Promise<Reply[]> => {
    asked.push(...questions.map(({ name }) => name))
    const printed = questions.map(({ name }) => `\u001E\u001E${told[name] ?? healthyAnswerTo(name)}`).join('')
    const replies = repliesIn(printed, questions) ?? []
    expect(until(replies)).toBe(questions.every(({ name }) => told[name] === undefined))
    return replies
  }
  const address = (): Promise<string> => Promise.resolve('10.0.0.1')
  const injection = (): Promise<Injection> => Promise.resolve({ sidecar: true, capturesDns })
  const place = { sleep: { converse }, echoAddress: address, outsideAddress: address, injection }
  const [here, there] = [
    { ...place, name: 'here', network: 'network1', version: 'v1' },
    { ...place, name: 'there', network: 'network2', version: 'v2' },
  ] as unknown as [Cluster, Cluster]
  const clusters = [here, there]
  const mesh = {
    clusters,
    namespace: 'app1',
    reachableFrom: () => clusters,
    othersThan: () => [there],
    onNetworkOf: () => [],
    echoHost: ({ name }: Cluster) => `echo-${name}`,
    withOutsideHosts: (_: unknown, during: () => Promise<unknown>) => during(),
  } as unknown as Mesh
  const from = here
  const check = protocol.find((candidate) => candidate.id === id)
  if (!check) throw new Error(`no check ${id}`)
  const context: CheckContext = { mesh, from, signal: new AbortController().signal }
  return { summary: await check.prove(context), asked }
}

describe('in a healthy mesh', () => {
  test.each(protocol.map(({ id }) => id))('%s passes, and asks every cluster and its control', async (id) => {
    const { summary, asked } = await prove(id)
    expect(summary).not.toBe('')
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.some((name) => /there|echo-all/.test(name))).toBe(true)
    expect(asked.length).toBeGreaterThanOrEqual(2)
  })
})

// What breaks each rule: the question that gets another answer, and the cause that is named.
test.each<[string, string, string, string]>([
  ['protocol.http1', 'HTTP/1.1 to there, port 8080', http('there', 'HTTP/2.0'), 'MP-701'],
  ['protocol.http1', 'HTTP/1.1 to there, port 8080', http('here', 'HTTP/1.1'), 'MP-701'],
  ['protocol.http1', 'HTTP/1.1 to here, port 8085', http('here', 'HTTP/1.1'), 'MP-701'],
  ['protocol.http2', 'HTTP/2 to there, port 8085', http('there', 'HTTP/1.1'), 'MP-701'],
  ['protocol.http2', 'HTTP/2 to here, port 8080', http('here', 'HTTP/2.0'), 'MP-701'],
  ['protocol.grpc', 'unary call to there, port 7070', grpc(14, ''), 'MP-702'],
  ['protocol.grpc', 'unary call to there, port 7070', grpc(0, 'Cluster=there\nEcho=other'), 'MP-702'],
  ['protocol.grpc', 'unary call to here, port 7071', grpc(0, 'Cluster=here\nEcho=said-once'), 'MP-702'],
  ['protocol.grpc-stream', 'stream to there, port 7070', grpc(4, 'proto.EchoTestService'), 'MP-702'],
  ['protocol.grpc-stream', 'stream to here, port 7071', grpc(0, 'proto.EchoTestService'), 'MP-702'],
  ['protocol.server-first', 'greeting of there', '', 'MP-703'],
  ['protocol.server-first', 'greeting of there', 'server-first-protocol\n', 'MP-703'],
  ['protocol.server-first', 'greeting of here, undeclared', 'server-first-protocol\n', 'MP-703'],
  ['protocol.tls', 'TLS to there', http('there', 'HTTP/1.1'), 'MP-704'],
  ['protocol.tls', 'plaintext to the TLS of here', http('here', 'HTTP/1.1'), 'MP-704'],
  ['protocol.websocket', 'WebSocket to there', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'MP-705'],
  ['protocol.websocket', 'HTTP/1.1 to here, port 8081', http('here', 'HTTP/1.1', { status: 101 }), 'MP-705'],
  ['protocol.bodies', '10485760 bytes to there', http('there', 'HTTP/1.1', { status: 413 }), 'MP-706'],
  ['protocol.bodies', '10485760 bytes from there', grpc(0, '', 1000), 'MP-706'],
  ['protocol.bodies', '10485761 bytes to here', http('here', 'HTTP/1.1', { sent: 10_485_761 }), 'MP-706'],
  ['protocol.headers', '80 headers to there', http('there', 'HTTP/1.1', { more: manyHeaders(79) }), 'MP-706'],
  ['protocol.headers', '0 headers to here', http('here', 'HTTP/1.1', { more: manyHeaders(1) }), 'MP-706'],
  ['protocol.pod-names', 'here by name', unresolved, 'MP-707'],
  ['protocol.pod-names', 'there by name', http('there', 'HTTP/1.1'), 'MP-707'],
  ['protocol.pod-names', 'there at its address', http('there', 'HTTP/1.1'), 'MP-707'],
  ['protocol.pod-names', 'the headless service', http('there', 'HTTP/1.1'), 'MP-707'],
  ['protocol.pod-names', 'the headless service', unresolved, 'MP-707'],
  ['protocol.pod-names', 'a pod that does not exist', http('here', 'HTTP/1.1'), 'MP-707'],
  ['protocol.one-cluster', 'that of there', unanswered, 'MP-707'],
  ['protocol.one-cluster', 'that of no cluster', unanswered, 'MP-707'],
  ['protocol.one-cluster', 'that of there', http('here', 'HTTP/1.1'), 'MP-707'],
  ['protocol.one-cluster', 'that of there, by name', unanswered, 'MP-707'],
  ['protocol.outside-host', 'there to outside-v2.meshproof.example', unanswered, 'MP-708'],
  ['protocol.outside-host', 'here to a host without one', http('here', 'HTTP/1.1'), 'MP-708'],
  ['protocol.traffic-distribution', 'echo-near', http('there', 'HTTP/1.1', { more: 'Cluster=here\n' }), 'MP-709'],
  ['protocol.traffic-distribution', 'echo-all', http('here', 'HTTP/1.1'), 'MP-709'],
])('%s fails where “%s” gets another answer', async (id, question, answer, code) => {
  await expect(prove(id, { [question]: answer })).rejects.toThrow(code)
})

test.each(['protocol.pod-names', 'protocol.one-cluster'])(
  '%s expects of no name of the mesh that it does not resolve where proxies answer DNS',
  async (id) => {
    const { asked } = await prove(id, {}, true)
    expect(asked.filter((name) => /(?:there|that of there,) by name$/.test(name))).toEqual([])
    expect(asked.length).toBeGreaterThanOrEqual(2)
  },
)

test('the headers of a fake answer are those that are counted', () => {
  const [reply] = repliesIn(`\u001E\u001E${manyHeaders(80)}`, [{ name: '', script: '' }]) ?? []
  expect(reply && headersIn(reply)).toBe(80)
})
