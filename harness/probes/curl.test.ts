import { expect, test } from 'vitest'
import { parseTransfers } from './curl.ts'

const account = (transfer: Record<string, unknown>): string => `\n\u001e${JSON.stringify({
  http_code: 200, exitcode: 0, errormsg: null, remote_ip: '10.251.7.9', time_connect: 0.000412, time_total: 0.021, certs: '-----BEGIN CERTIFICATE-----\nMII\n', url: 'http://helloworld.sample:5000/hello', ...transfer,
})}\n`

const refused = account({ http_code: 0, exitcode: 7, errormsg: 'Failed to connect to helloworld.sample port 5000', remote_ip: '', time_connect: 0, time_total: 0.0002 })

test('each transfer has its own body’s version, and a failed one has none', () => {
  const output = `Hello version: v1, instance: helloworld-v1-abc\n${account({})}${refused}Hello version: v2, instance: helloworld-v2-def\n${account({})}`
  expect(parseTransfers(output)).toEqual([
    { status: 200, version: 'v1', exit: 0, error: '', remote: '10.251.7.9', connected: true, seconds: 0.021 },
    { status: 0, version: undefined, exit: 7, error: 'Failed to connect to helloworld.sample port 5000', remote: '', connected: false, seconds: 0.0002 },
    { status: 200, version: 'v2', exit: 0, error: '', remote: '10.251.7.9', connected: true, seconds: 0.021 },
  ])
})

test('an answer that is no helloworld has a status and no version', () => {
  expect(parseTransfers(`no healthy upstream${account({ http_code: 503 })}`)).toMatchObject([{ status: 503, version: undefined, exit: 0, connected: true }])
})

test('a curl that says nothing has made no transfer', () => {
  expect(parseTransfers('')).toEqual([])
})

test('an account that is cut off is told as MP-601', () => {
  expect(() => parseTransfers(account({}).slice(0, 60))).toThrow(expect.objectContaining({ code: 'MP-601' }))
})
