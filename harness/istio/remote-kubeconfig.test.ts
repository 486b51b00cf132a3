import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readRemoteKubeconfig } from './remote-kubeconfig.ts'

type Entry = Record<string, unknown>
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'

const kubeconfig = (user: Entry, cluster: Entry = {}, more: Entry = {}): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
    ...more,
  })

const malformed = (text: string): unknown => (readRemoteKubeconfig(text) as { malformed?: string }).malformed

test('what stands in the text is used', () => {
  const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') }
  const cluster = { 'certificate-authority-data': base64(pem), 'tls-server-name': 'kubernetes' }
  expect(readRemoteKubeconfig(kubeconfig(user, cluster))).toEqual({
    server: new URL('https://192.0.2.1:6443'),
    authority: pem,
    serverName: 'kubernetes',
    unverified: false,
    credentials: { certificate: 'cert', key: 'key' },
    refused: [],
    authorityFile: false,
    unused: [],
  })
  expect(readRemoteKubeconfig(kubeconfig({ username: 'me', password: 'p' }))).toMatchObject({
    credentials: { username: 'me', password: 'p' },
  })
})

describe('what istiod refuses is named, and nothing of it is kept', () => {
  test.each<[string, Entry, string, string]>([
    ['a command', { exec: { command: 'sh', args: ['-c', 'touch x'] } }, 'exec', 'exec is not allowed'],
    ['a file with a token', { tokenFile: '/etc/passwd' }, 'tokenFile', 'tokenFile is not allowed'],
    [
      'files of a certificate',
      { 'client-certificate': '/a.crt', 'client-key': '/a.key' },
      'clientKey',
      'clientKey is not allowed',
    ],
    ['a provider', { 'auth-provider': { name: 'gcp' } }, 'gcp', 'auth provider gcp is not allowed'],
  ])('%s', (_what, user, option, words) => {
    const access = readRemoteKubeconfig(kubeconfig(user))
    expect(access).toMatchObject({ refused: expect.arrayContaining([{ option, words }]), credentials: {} })
    expect(JSON.stringify(access)).not.toMatch(/passwd|touch|a\.crt|a\.key/)
  })

  test('of any user in it, as istiod looks at all', () => {
    const users = [
      { name: 'u', user: { token: 't' } },
      { name: 'other', user: { exec: { command: 'sh' } } },
    ]
    expect(readRemoteKubeconfig(kubeconfig({}, {}, { users }))).toMatchObject({
      credentials: { token: 't' },
      refused: [{ option: 'exec' }],
      unused: [],
    })
  })
})

test('what istiod uses and nobody uses from here is told', () => {
  const cluster = { 'proxy-url': 'http://proxy:1', 'certificate-authority': '/ca', 'insecure-skip-tls-verify': true }
  const user = { token: 't', as: 'me', 'auth-provider': { name: 'oidc', config: {} } }
  const access = readRemoteKubeconfig(kubeconfig(user, cluster))
  expect(access).toMatchObject({
    authority: undefined,
    unverified: true,
    refused: [],
    authorityFile: true,
    unused: ['proxy-url', 'as', 'auth-provider oidc'],
  })
  expect(JSON.stringify(access)).not.toContain('proxy:1')
})

describe('what is no kubeconfig is told in istiod’s words, and never shown', () => {
  test.each([
    ['', 'kubeconfig is empty'],
    ['see the wiki', 'no mapping'],
    ['a: [secret-token', 'it is not YAML'],
    ['a: &a [*b]', 'it is not YAML'],
    ['users: {u: {token: secret-token}}', 'kubeconfig cannot be loaded: users: '],
    ['users: [{name: u, user: {token: [secret-token]}}]', 'user u has another form'],
    [kubeconfig({}, {}, { 'current-context': null }), 'no context chosen'],
    [kubeconfig({}, {}, { 'current-context': 'y' }), 'context was not found for specified context: y'],
    [kubeconfig({}, {}, { clusters: [] }), 'cluster "c" was not found for context "x"'],
    [kubeconfig({}, {}, { users: null }), 'user "u" was not found for context "x"'],
    [kubeconfig({}, { server: '' }), 'no server found for cluster "c"'],
    [kubeconfig({}, { server: 'https://a b' }), 'host must be a URL'],
    [kubeconfig({}, { 'certificate-authority-data': base64('none') }), 'unable to parse bytes as PEM block'],
    [kubeconfig({ 'client-certificate-data': base64('c') }), 'client-key-data or client-key must be specified for u'],
    [kubeconfig({ token: 'secret-token', username: 'me' }), 'more than one authentication method found for u'],
  ])('%j', (source, words) => {
    expect(malformed(source)).toContain(words)
    expect(malformed(source)).not.toContain('secret-token')
  })

  test('however large it pretends to be', () => {
    const layers = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${'*l0,'.repeat(10).replaceAll('l0', `l${level}`)}]`,
    )
    expect(malformed(`l0: &l0 [x]\n${layers.join('\n')}\n`)).toContain('kubeconfig cannot be loaded')
  })
})
