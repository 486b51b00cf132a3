import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { repliesIn, scriptOf } from './ask-over.ts'
import { downloadQuestion, streamAnswersIn, streamQuestion, unaryQuestion } from './grpc-questions.ts'
import {
  headersIn,
  headersQuestion,
  httpQuestion,
  largestBody,
  serverFirstQuestion,
  silentQuestion,
  smallBody,
  uploadQuestion,
  webSocketQuestion,
} from './protocols.ts'
import type { Reply } from './question.ts'

const [start, account] = ['\u001E\u001E', '\u001F\u001F']
const question = httpQuestion('a question', 'http://echo:8080/', '1.1')

/** What is read from one answer, as the shell prints it. */
const replyTo = (printed: string): Reply => {
  const [reply] = repliesIn(`${start}${printed}`, [question]) ?? []
  if (!reply) throw new Error('no reply was read')
  return reply
}

describe('an answer', () => {
  test('of HTTP has a status, sizes and the fields of echo', () => {
    const reply = replyTo(`ServiceVersion=v2\nCluster=cluster2\nProto=HTTP/2.0\n\n${account}200 5 191 0 \n`)
    expect(reply).toMatchObject({ name: 'a question', status: 200, sent: 5, received: 191, error: '' })
    expect(reply.field('Proto')).toBe('HTTP/2.0')
    expect(reply.field('Cluster')).toBe('cluster2')
    expect(reply.field('Version')).toBeUndefined()
    expect(reply.grpcStatus).toBeUndefined()
  })

  test('that did not come has curl’s words', () => {
    expect(replyTo(`curl: (28) timed out\n\n${account}000 0 0 28 Connection timed out\n`)).toMatchObject({
      status: 0,
      error: 'Connection timed out',
    })
    expect(replyTo(`\n${account}000 0 0 28 \n`).error).toBe('curl ended with 28')
  })

  test('of gRPC has the status that its trailers or its headers tell', () => {
    const call = `\u0001?RequestHeader=a\nEcho=said\n\n${account}200 16 324 0 \n\nHTTP/2 200 \r\n\r\ngrpc-status: `
    expect(replyTo(`${call}0\r\n`)).toMatchObject({ grpcStatus: 0, received: 324 })
    expect(replyTo(`${call}14\r\n`).grpcStatus).toBe(14)
    expect(replyTo(`${call}0\r\n`).field('Echo')).toBe('said')
  })

  test('of a WebSocket has the status of its upgrade, and one over TCP has none', () => {
    expect(replyTo('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nCluster=cluster1\nsaid').status).toBe(
      101,
    )
    expect(replyTo('server-first-protocol\nCluster=cluster1\nsaid\n').status).toBe(0)
  })

  test('to each question is read in the order of the questions, and a missing one is noticed', () => {
    const two = [question, { ...question, name: 'another' }]
    const printed = `${start}one\n${account}200 0 1 0 \n${start}two\n${account}503 0 1 0 \n`
    expect(repliesIn(printed, two)?.map(({ name, status }) => [name, status])).toEqual([
      ['a question', 200],
      ['another', 503],
    ])
    expect(repliesIn(`${start}one`, two)).toBeUndefined()
    expect(repliesIn('sh: mktemp: not found', [question])).toBeUndefined()
  })
})

test('headers are counted where they arrived with their value, each once', () => {
  const value = 'b'.repeat(400)
  const text = [`X-Many-0:${value}`, `X-Many-1:${value}`, `X-Many-1:${value}`, 'X-Many-2:bbb', `Other:${value}`]
  expect(headersIn(replyTo(text.map((line) => `RequestHeader=${line}\n`).join('')))).toBe(2)
})

test('every list of services in a stream is an answer', () => {
  expect(streamAnswersIn(replyTo(''))).toBe(0)
  expect(streamAnswersIn(replyTo(':2proto.EchoTestService:2proto.EchoTestService'))).toBe(2)
})

describe('what is sent', () => {
  /** The bytes that the printf of a script prints. */
  const bytesOf = (script: string): Buffer => {
    const [, text = ''] = /printf '([^']*)'/.exec(script) ?? []
    return Buffer.from([...text.matchAll(/\\(\d{3})/g)].map(([, digits = '']) => Number.parseInt(digits, 8)))
  }

  test('to a unary call is a frame with the length of its message', () => {
    const bytes = bytesOf(unaryQuestion('', 'http://echo:7070', 'said').script)
    expect([...bytes.subarray(0, 7)]).toEqual([0, 0, 0, 0, 6, 10, 4])
    expect(bytes.subarray(7).toString()).toBe('said')
  })

  test.each([
    [smallBody, 1],
    [largestBody, 10],
  ])('for an answer of %i bytes asks for that many in %i calls', (size, calls) => {
    const { script } = downloadQuestion('', 'http://echo:7070', 7070, size)
    const [, each = ''] = /head -c (\d+)/.exec(script) ?? []
    const bytes = bytesOf(script)
    expect(Number(each) * calls).toBeGreaterThanOrEqual(size)
    // Its own head, and the message that follows it.
    expect(bytes.readUInt32BE(1)).toBe(bytes.length - 5 + Number(each))
    expect([...bytes.subarray(5, 7)]).toEqual([8, calls])
  })

  test('in a WebSocket is a masked frame of text', () => {
    const { script } = webSocketQuestion('', 'echo:8081', 'said')
    expect(script).toContain(String.raw`\201\204\000\000\000\000`)
    expect(script).toContain(String.raw`Host: echo:8081\r\n`)
  })
})

test('the shell of all questions is valid', () => {
  const script = scriptOf(
    [
      question,
      unaryQuestion('', 'http://echo:7070', 'said'),
      streamQuestion('', 'http://echo:7070'),
      serverFirstQuestion('', 'echo:9091', 'said'),
      silentQuestion('', 'echo:9092', 1),
      webSocketQuestion('', 'echo:8081', 'said'),
      uploadQuestion('', 'http://echo:8082/', largestBody),
      downloadQuestion('', 'http://echo:7070', 7070, largestBody),
      headersQuestion('', 'http://echo:8083/', 80),
    ],
    3,
  )
  expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
})

test('questions are asked at the same time, and what each prints is its answer', () => {
  const said = (name: string, script: string): { name: string; script: string } => ({ name, script })
  const questions = [said('slow', 'sleep 0.3; echo first'), said('quick', 'echo second'), said('broken', 'nowhere')]
  const { stdout } = spawnSync('sh', ['-c', scriptOf(questions, 1)], { encoding: 'utf8' })
  expect(repliesIn(stdout, questions)?.map(({ text }) => text.trim().replace(/^.*: /, ''))).toEqual([
    'first',
    'second',
    'not found',
  ])
})

const hasCurl = spawnSync('curl', ['--version']).error === undefined

// A round trip between regions can take longer than curl’s telnet waits before it asks its user again.
test.runIf(hasCurl)('what a server says late is heard', { timeout: 30_000 }, async () => {
  const server = createServer((socket) => {
    const late = (text: string): Promise<unknown> => sleep(300).then(() => socket.write(text))
    void late('server-first-protocol\n')
    socket.on('data', (said) => void late(`Cluster=here\n${said.toString()}`))
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const questions = [serverFirstQuestion('greeting', address, 'said-once'), silentQuestion('silent', address, 2)]
  const { stdout } = await execa('sh', ['-c', scriptOf(questions, 10)], { stripFinalNewline: false })
  expect(repliesIn(stdout, questions)?.map(({ text }) => text)).toEqual([
    'server-first-protocol\nCluster=here\nsaid-once\n',
    'server-first-protocol\n',
  ])
})
