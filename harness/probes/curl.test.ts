import { expect, test } from 'vitest'
import { curlCommand, parseTransfers, type Requests } from './curl.ts'

const account = (transfer: Record<string, unknown>): string =>
  `\n\u001e${JSON.stringify({
    http_code: 200,
    exitcode: 0,
    errormsg: null,
    remote_ip: '10.251.7.9',
    time_connect: 0.000412,
    time_total: 0.021,
    certs: '-----BEGIN CERTIFICATE-----\nMII\n',
    url: 'http://helloworld.sample:5000/hello',
    ...transfer,
  })}\n`

const refused = account({
  http_code: 0,
  exitcode: 7,
  errormsg: 'Failed to connect to helloworld.sample port 5000',
  remote_ip: '',
  time_connect: 0,
  time_total: 0.0002,
})

test('each transfer has its own body’s version, and a failed one has none', () => {
  const output =
    `Hello version: v1, instance: helloworld-v1-abc\n${account({})}${refused}Hello version: v2, instance: ` +
    `helloworld-v2-def\n${account({})}`
  expect(parseTransfers(output)).toEqual([
    { status: 200, version: 'v1', exit: 0, error: '', remote: '10.251.7.9', connected: true, seconds: 0.021 },
    {
      status: 0,
      version: undefined,
      exit: 7,
      error: 'Failed to connect to helloworld.sample port 5000',
      remote: '',
      connected: false,
      seconds: 0.0002,
    },
    { status: 200, version: 'v2', exit: 0, error: '', remote: '10.251.7.9', connected: true, seconds: 0.021 },
  ])
})

test('an answer that is no helloworld has a status and no version', () => {
  expect(parseTransfers(`no healthy upstream${account({ http_code: 503 })}`)).toMatchObject([
    { status: 503, version: undefined, exit: 0, connected: true },
  ])
})

test('a curl that says nothing has made no transfer', () => {
  expect(parseTransfers('')).toEqual([])
})

test('an account that is cut off is told as MP-601', () => {
  expect(() => parseTransfers(account({}).slice(0, 60))).toThrow(expect.objectContaining({ code: 'MP-601' }))
})

const url = 'http://helloworld.app1:5000/hello'

test.each<[string, Requests, string, string[][]]>([
  [
    'one request, in three seconds',
    {},
    url,
    [
      ['--max-time', '3'],
      ['--connect-timeout', '2'],
    ],
  ],
  [
    'a shorter patience, also for the connection',
    { seconds: 1 },
    url,
    [
      ['--max-time', '1'],
      ['--connect-timeout', '1'],
    ],
  ],
  [
    'a longer patience, yet not for the connection',
    { seconds: 9 },
    url,
    [
      ['--max-time', '9'],
      ['--connect-timeout', '2'],
    ],
  ],
  ['many requests', { count: 21 }, `${url}?n=[1-21]`, []],
  [
    'one more header',
    { header: 'end-user: meshproof' },
    url,
    [
      ['--header', 'Connection: close'],
      ['--header', 'end-user: meshproof'],
    ],
  ],
  ['another address to connect to', { through: '172.18.255.1:15443' }, url, [['--connect-to', '::172.18.255.1:15443']]],
  ['an end at the first failure', { failEarly: true }, url, [['--fail-early']]],
])('curl is told of %s', (_what, requests, target, pairs) => {
  const command = curlCommand(url, requests)
  expect([command[0], command.at(-1)]).toEqual(['curl', target])
  for (const pair of pairs) expect(command.join('\n')).toContain(`\n${pair.join('\n')}\n`)
})

test('curl is told nothing that was not asked for, and of every request to use a new connection', () => {
  const command = curlCommand(url, {})
  expect(command.filter((argument) => ['--connect-to', '--fail-early', '--header'].includes(argument))).toEqual([
    '--header',
  ])
  expect(command).toContain('Connection: close')
})

test('the range of many requests joins a query that the URL has already', () => {
  expect(curlCommand(`${url}?path=cluster1`, { count: 16 }).at(-1)).toBe(`${url}?path=cluster1&n=[1-16]`)
})

test('a pod in a zone of its own answers with the version and the zone', () => {
  const body = (version: string): string => `Hello version: ${version}, instance: zones-${version}-7c9\n${account({})}`
  expect(parseTransfers(`${body('v1-a')}${body('v12')}${body('v2-beta')}`).map(({ version }) => version)).toEqual([
    'v1-a',
    'v12',
    'v2',
  ])
})
