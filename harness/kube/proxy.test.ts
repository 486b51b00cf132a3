import { describe, expect, test } from 'vitest'
import { proxyOfEnvironment, proxyUrl, withoutCredentials } from './proxy.ts'

const through = (server: string, environment: NodeJS.ProcessEnv): string | undefined =>
  proxyOfEnvironment(server, environment)
const east = 'https://east.mesh.example:6443'

describe('the proxy of the environment', () => {
  test.each<[NodeJS.ProcessEnv, string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
    [{ https_proxy: 'http://proxy:3128' }, 'http://proxy:3128'],
    [{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, 'http://upper:1'],
    [{ HTTPS_PROXY: '', https_proxy: 'http://lower:1' }, 'http://lower:1'],
    [{ HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128'],
    [{ HTTP_PROXY: 'http://proxy:3128' }, undefined],
    [{ HTTPS_PROXY: 'socks5://proxy:1080' }, 'socks5://proxy:1080'],
  ])('of %j for an https server is %s', (environment, expected) => {
    expect(through(east, environment)).toBe(expected)
  })

  test('for an http server is another', () => {
    const environment = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:1' }
    expect(through('http://east.mesh.example', environment)).toBe('http://plain:1')
  })

  test.each([
    ['*', east],
    ['east.mesh.example', east],
    ['EAST.mesh.example', east],
    ['mesh.example', east],
    ['.mesh.example', east],
    ['*.mesh.example', east],
    ['other, mesh.example:6443', east],
    ['10.0.0.0/8', 'https://10.1.2.3:6443'],
    ['10.1.2.3', 'https://10.1.2.3:6443'],
    ['10.1.2.3:6443', 'https://10.1.2.3:6443'],
    ['fd00::/8', 'https://[fd00::1]:6443'],
    ['fd00:0::1', 'https://[fd00::1]:6443'],
    ['[fd00::1]:6443', 'https://[fd00::1]:6443'],
    ['', 'https://localhost:6443'],
    ['', 'https://127.0.0.1:41234'],
    ['', 'https://[::1]:6443'],
  ])('is not used for what NO_PROXY=%s leaves out: %s', (list, server) => {
    expect(through(server, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: list })).toBeUndefined()
    expect(through(server, { HTTPS_PROXY: 'http://proxy:3128', no_proxy: list })).toBeUndefined()
  })

  test.each([
    ['east', east],
    ['.east.mesh.example', east],
    ['ast.mesh.example', east],
    ['mesh.example:443', east],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/99', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://10.1.2.30'],
  ])('is used where NO_PROXY=%s means another: %s', (list, server) => {
    expect(through(server, { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: list })).toBe('http://proxy:3128')
  })
})

test('a proxy that kubectl refuses is refused in its words, without the password', () => {
  expect(() => proxyUrl('ftp://me:secret@proxy')).toThrow('unsupported scheme "ftp" of proxy ftp://proxy, must be http')
  expect(() => proxyUrl('http://me:secret@proxy:none')).toThrow('invalid proxy URL http://proxy:none')
  expect(withoutCredentials('me:secret@proxy:1')).toBe('proxy:1')
})
