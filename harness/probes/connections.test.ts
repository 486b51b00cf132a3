import { describe, expect, test } from 'vitest'
import { connectCommand, connectionsIn, connectionsOfAgent, lossIn } from './connections.ts'
import type { Dialled } from './dial.ts'
import { largestIn, sizesCommand } from './packet-sizes.ts'

/** A line of curl’s account. */
const line = (kind: string, connected: number, exit: number, { status = 0, secured = 0, said = '' } = {}): string =>
  [kind, String(status).padStart(3, '0'), connected.toFixed(6), secured.toFixed(6), exit, said].join('\t')

const account = (...lines: string[]): string => `${lines.join('\n')}\n`
const reset = line('small', 0.001, 56, { said: 'Recv failure: Connection reset by peer' })

describe('connections', () => {
  test('to a gateway are closed after they opened, and a full packet as well', () => {
    expect(
      connectionsIn('192.0.2.1:15443', account(reset, reset, line('large', 0.001, 56), line('tls', 0.001, 35))),
    ).toEqual({
      to: '192.0.2.1:15443',
      tries: 2,
      late: 0,
      failed: 0,
      said: '',
      status: 0,
      endsTls: false,
      large: 'passed',
    })
  })

  test('that open a second later lost their first packet, and those that do not open are told with a reason', () => {
    const failed = line('small', 0, 28, { said: 'Connection timed out after 2001 milliseconds' })
    expect(connectionsIn('a:1', account(reset, line('small', 1.02, 56), failed))).toMatchObject({
      tries: 3,
      late: 1,
      failed: 1,
      said: 'Connection timed out after 2001 milliseconds',
    })
  })

  test('pass small requests and lose the one that fills a packet', () => {
    expect(connectionsIn('a:1', account(reset, line('large', 0.001, 28)))?.large).toBe('lost')
  })

  test.each([
    ['nothing reacts to a small request either', account(line('small', 0.001, 28), line('large', 0.001, 28))],
    ['not every small one gets a reaction', account(reset, line('small', 0.001, 28), line('large', 0.001, 28))],
    ['the connection of the large one did not open', account(reset, line('large', 0, 28))],
  ])('do not tell of packets where %s', (_, output) => {
    expect(connectionsIn('a:1', output)?.large).toBeUndefined()
  })

  test('show who speaks plaintext HTTP, or ends TLS itself', () => {
    const output = account(line('small', 0.001, 0, { status: 404 }), line('tls', 0.001, 0, { secured: 0.01 }))
    expect(connectionsIn('a:1', output)).toMatchObject({ status: 404, endsTls: true })
  })

  test('are not counted where nothing could count them', () => {
    expect(connectionsIn('a:1', '')).toBeUndefined()
    expect(connectionsIn('a:1', 'executable file `curl` not found in $PATH')).toBeUndefined()
  })
})

describe('rounds of the agent, where a proxy’s image has no curl,', () => {
  const dialled = (said: string, { open = true, late = false } = {}): Dialled => ({ to: 'a:1', open, said, late })
  const closed = dialled('read: connection reset by peer')
  const silent = dialled('context deadline exceeded', { open: false, late: true })

  test('say who speaks plaintext HTTP, and what was late', () => {
    const rounds = [closed, dialled('HTTP status code 404'), dialled('EOF', { late: true })]
    expect(connectionsOfAgent('a:1', rounds, closed)).toEqual({
      to: 'a:1',
      tries: 3,
      late: 1,
      failed: 0,
      said: '',
      status: 404,
      endsTls: undefined,
      large: 'passed',
    })
  })

  test('say that a full packet is lost where all small ones pass', () => {
    expect(connectionsOfAgent('a:1', [closed, closed], silent).large).toBe('lost')
    expect(connectionsOfAgent('a:1', [closed, silent], silent)).toMatchObject({ failed: 1, large: undefined })
  })
})

/** The longest URL of a command. */
const longestIn = (command: string[]): string =>
  command
    .filter((argument) => argument.startsWith('http'))
    .toSorted((first, second) => second.length - first.length)[0] ?? ''

test.each([
  ['192.0.2.1', 15443],
  ['eastwest.example.org', 443],
])('the large request to %s fills one segment of a path with an MTU of 1,500', (host, port) => {
  const url = new URL(longestIn(connectCommand(host, port)))
  const request = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'User-Agent: meshproof',
    'Accept: */*',
    'Connection: close',
    '\r\n',
  ].join('\r\n')
  expect(request.length).toBeGreaterThanOrEqual(1438)
  expect(request.length).toBeLessThanOrEqual(1448)
})

test('an address of IPv6 is written in brackets', () => {
  expect(connectCommand('2001:db8::1', 15443).join(' ')).toContain('http://[2001:db8::1]:15443/')
})

test('the largest packet that passes is told with the smallest that is lost', () => {
  // The largest first: a server that is only slow leaves the last ones without an answer.
  const lengths = sizesCommand('192.0.2.1', 15443).flatMap((word) => (word.startsWith('http') ? [word.length] : []))
  expect(lengths).toEqual(lengths.toSorted((first, second) => second - first))
  const sizes = account(line('500', 0.001, 56), line('576', 0.001, 56), line('800', 0.001, 28), line('1000', 0.001, 28))
  expect(largestIn(sizes)).toEqual({ passed: 576, lost: 800 })
  expect(largestIn(account(line('500', 0.001, 56)))).toEqual({ passed: 500, lost: undefined })
  const atRandom = account(line('500', 0.001, 28), line('1492', 0.001, 56))
  expect(largestIn(atRandom)).toEqual({ passed: 1492, lost: undefined })
  expect(largestIn(account(line('500', 0.001, 28)))).toBeUndefined()
})

describe('loss', () => {
  const look = (late: number, failed = 0): NonNullable<ReturnType<typeof connectionsIn>> => ({
    to: 'a:1',
    tries: 30,
    late,
    failed,
    said: '',
    status: 0,
    endsTls: undefined,
    large: 'passed',
  })

  test.each([
    ['nothing is lost', [look(0), look(0)], false],
    ['a burst is lost once', [look(30), look(0)], false],
    ['one of thirty, and one more', [look(1), look(1)], false],
    ['a twentieth, twice', [look(2), look(1)], true],
    ['a third', [look(6, 3), look(8)], true],
  ])('is a problem from one in twenty on, in two looks: %s', (_, looks, isProblem) => {
    expect(lossIn(looks).isProblem).toBe(isProblem)
  })
})
