import { describe, expect, test } from 'vitest'
import { headersIn, largestBody, repliesIn, type Question, type Reply } from '#probes/protocols.ts'
import { protocol } from '../../suites/protocol.suite.ts'
import type { CheckContext } from './check.ts'
import type { Cluster } from './cluster.ts'
import type { Mesh } from './mesh.ts'

/** How an answer is printed: the words of echo, and curl’s account. */
const http = (peer: string, proto: string, { status = 200, sent = 0, more = '' } = {}): string =>
  `${more}Cluster=${peer}\nProto=${proto}\n\n\u001F\u001F${status} ${sent} 191 0 \n`
const grpc = (status: number, text: string, received = 300): string =>
  `${text}\n\n\u001F\u001F200 16 ${received} 0 \n\nHTTP/2 200 \r\n\r\ngrpc-status: ${status}\r\n`
const manyHeaders = (count: number): string =>
  Array.from({ length: count }, (_, index) => `RequestHeader=X-Many-${index}:${'b'.repeat(400)}\n`).join('')

/** What a healthy mesh answers to each question, by its name. */
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
  [/^(\d+) headers to (.*)$/, (peer, [, count]) => http(peer, 'HTTP/1.1', { more: manyHeaders(Number(count)) })],
]

const healthyAnswerTo = (name: string): string => {
  for (const [pattern, answer] of healthy) {
    const match = pattern.exec(name)
    if (match) return answer(match.at(-1) ?? '', match)
  }
  throw new Error(`no answer to “${name}”`)
}

const clusters = ['here', 'there'].map((name) => ({ name })) as Cluster[]

/** Proves a check in a mesh that answers as told; answers that are not told are healthy. */
const prove = async (id: string, told: Record<string, string> = {}): Promise<{ summary: string; asked: string[] }> => {
  const asked: string[] = []
  const converse = async (questions: Question[], until: (replies: Reply[]) => boolean): Promise<Reply[]> => {
    asked.push(...questions.map(({ name }) => name))
    const printed = questions.map(({ name }) => `\u001E\u001E${told[name] ?? healthyAnswerTo(name)}`).join('')
    const replies = repliesIn(printed, questions) ?? []
    expect(until(replies)).toBe(Object.keys(told).length === 0)
    return replies
  }
  const [here] = clusters
  const from = { ...here, sleep: { converse } } as unknown as Cluster
  const mesh = { clusters, reachableFrom: () => clusters, echoHost: ({ name }: Cluster) => `echo-${name}` } as Mesh
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
    expect(asked.some((name) => name.includes('there'))).toBe(true)
    expect(asked.length).toBeGreaterThanOrEqual(clusters.length + 1)
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
])('%s fails where “%s” gets another answer', async (id, question, answer, code) => {
  await expect(prove(id, { [question]: answer })).rejects.toThrow(code)
})

test('the headers of a fake answer are those that are counted', () => {
  const [reply] = repliesIn(`\u001E\u001E${manyHeaders(80)}`, [{ name: '', script: '' }]) ?? []
  expect(reply && headersIn(reply)).toBe(80)
})
