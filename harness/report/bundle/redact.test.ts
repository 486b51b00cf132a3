import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createRoot } from '#lab/certificate-authority.ts'
import { processorSeconds } from '#testing/edge.ts'
import { redacted } from './redact.ts'

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')
const pemOf = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  key.export({ type, format: 'pem' }).toString()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const pem = pemOf(rsa)
const body = pem.split('\n')[5]!
const token = [
  Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url'),
  Buffer.from('{"iss":"kubernetes/serviceaccount"}').toString('base64url'),
  'c2lnbmF0dXJl-_x',
].join('.')
const kubeconfig = stringify({
  clusters: [
    {
      name: 'cluster2',
      cluster: {
        server: 'https://172.18.0.3:6443',
        'certificate-authority-data': base64('-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----'),
      },
    },
  ],
  users: [{ name: 'reader', user: { token, 'client-key-data': base64(pem) } }],
})

// What is written, and what of it must not be there any more.
const secrets: [what: string, text: string, secret: string][] = [
  ['a PEM key', `before\n${pem}after`, body],
  ['an RSA key of its own kind', pemOf(rsa, 'pkcs1'), pemOf(rsa, 'pkcs1').split('\n')[3]!],
  ['an elliptic key of its own kind', pemOf(elliptic, 'sec1'), pemOf(elliptic, 'sec1').split('\n')[1]!],
  [
    'an encrypted key',
    rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
    'DEK-Info',
  ],
  ['an indented key, as in YAML', pem.replaceAll('\n', '\n      '), body],
  ['a key in JSON', JSON.stringify({ key: pem }), body],
  ['a key in JSON in a log line of JSON', JSON.stringify({ msg: JSON.stringify({ key: pem }) }), body],
  ['a key that was cut off at its end', pem.slice(0, 900), body],
  ['a key that was cut off at its beginning', pem.slice(200), body],
  ['a key in base64', base64(pem), base64(pem).slice(100, 200)],
  ['a key in base64 that is in base64', base64(`data: ${base64(pem)}`), base64(`data: ${base64(pem)}`).slice(100, 200)],
  [
    'a key without PEM around it',
    base64(rsa.export({ type: 'pkcs8', format: 'der' })),
    base64(rsa.export({ type: 'pkcs8', format: 'der' })).slice(0, 60),
  ],
  [
    'an elliptic key without PEM around it',
    base64(elliptic.export({ type: 'sec1', format: 'der' })),
    base64(elliptic.export({ type: 'sec1', format: 'der' })).slice(0, 60),
  ],
  ['a token in a log line', `error: failed with ${token}, giving up`, token.split('.')[1]!],
  ['the first part of a token', `eyJhbGciOiJSUzI1NiIs`, 'eyJhbGciOi'],
  ['a bearer token that is no JSON Web Token', 'Authorization: Bearer 0123456789abcdef0123', '0123456789abcdef'],
  ['a bearer token in prose', 'it sent Bearer 0123456789abcdef0123 in vain', '0123456789abcdef'],
  ['basic authentication', JSON.stringify({ headers: { authorization: 'Basic bWU6aHVudGVyMg==' } }), 'bWU6aHVudGVyMg'],
  ['a kubeconfig: its token', kubeconfig, token],
  ['a kubeconfig: its key', kubeconfig, base64(pem).slice(0, 40)],
  ['a kubeconfig in base64', `cluster2: ${base64(kubeconfig)}`, base64(kubeconfig).slice(0, 40)],
  ['a kubeconfig in JSON', JSON.stringify({ 'client-key-data': 'c2VjcmV0' }), 'c2VjcmV0'],
  ['a short token of a kubeconfig', 'users:\n- user:\n    token: abcdef.0123456789abcdef', '0123456789abcdef'],
  ['a password in a URL', 'GET https://me:hunter2@registry.example/v2/', 'hunter2'],
  ['a token in a URL', 'https://ghp0123456789@example.org/', 'ghp0123456789'],
  ['a variable of a container in YAML', '- name: DB_PASSWORD\n  value: correct-horse', 'correct-horse'],
  [
    'a variable of a container in JSON',
    JSON.stringify({ name: 'AWS_SECRET_ACCESS_KEY', value: 'wJalr/XUtn' }),
    'wJalr',
  ],
  [
    'a variable that was applied last',
    JSON.stringify({ applied: JSON.stringify({ name: 'API_TOKEN', value: 'tok"en' }) }),
    'tok',
  ],
  ['a variable of a shell', 'export DB_PASSWORD=hunter2', 'hunter2'],
  ['a flag', '--bootstrap-token=abcdef.0123456789abcdef --v=2', '0123456789abcdef'],
  ['a password with a quote in it', String.raw`"password": "hun\"ter2"`, 'ter2'],
]

describe('a redacted text has no', () => {
  test.each(secrets)('%s', (_, text, secret) => {
    expect(text).toContain(secret)
    const shown = redacted(text)
    expect(shown).not.toContain(secret)
    expect(shown).toContain('redacted')
    expect(shown).not.toContain('PRIVATE KEY')
  })

  test('value that is known to be secret, as it is or in base64', () => {
    const known = 'nobody can tell from its looks'.replaceAll(' ', '-')
    expect(redacted(`a ${known} b ${base64(`key=${known}`)}`, [known])).toBe('a [redacted] b [redacted encoded secret]')
  })
})

describe('a redacted text keeps', () => {
  test('what stands around a secret', () => {
    expect(redacted(`before\n${pem}after`)).toBe('before\n[redacted private key]\nafter')
    expect(redacted('--token=abcdef.0123456789abcdef --v=2')).toBe('--token=[redacted] --v=2')
    expect(redacted('https://me:hunter2@example.org/v2/')).toBe('https://[redacted]@example.org/v2/')
  })

  test('JSON as JSON', () => {
    const told = {
      msg: 'x',
      password: 'a"b',
      env: [{ name: 'MY_TOKEN', value: 'y' }],
      pem,
      nested: JSON.stringify({ token: 'z', other: 1 }),
    }
    expect(JSON.parse(redacted(JSON.stringify(told)))).toEqual({
      msg: 'x',
      password: '[redacted]',
      env: [{ name: 'MY_TOKEN', value: '[redacted]' }],
      pem: '[redacted private key]\n',
      nested: '{"token":"[redacted]","other":1}',
    })
  })

  test('certificates, as they are and in base64', async () => {
    const certificate = (await createRoot()).certificate.toString('pem')
    for (const text of [certificate, base64(certificate), certificate.replaceAll(/-----.*-----|\n/g, '')])
      expect(redacted(text)).toBe(text)
  })

  test.each([
    'Adding cluster\tcluster=cluster2 secret=istio-system/istio-remote-secret-cluster2',
    'automountServiceAccountToken: true',
    'mountPath: /var/run/secrets/tokens',
    '"private_key": {"inline_bytes": "W3JlZGFjdGVkXQ=="}',
    'spiffe://cluster.local/ns/app1/sa/sleep',
    'outbound_.5000_._.helloworld.app1.svc.cluster.local',
    'failed to fetch token: context deadline exceeded',
    '- name: TOKEN_AUDIENCES\n  value: istio-ca',
    'secretName: istio-remote-secret-cluster2',
    '"sni": "outbound_.15443_._.x", "subject_alt_names": []',
  ])('%s', (text) => {
    expect(redacted(text)).toBe(text)
  })
})

test.each([
  [
    'long JSON',
    JSON.stringify(
      Array.from({ length: 20_000 }, (_, number) => ({
        name: `outbound|80||service-${number}.app1.svc.cluster.local`,
        metadata: base64(`certificate number ${number}`),
      })),
    ),
  ],
  ['one long word', 'a'.repeat(1_000_000)],
  ['one long name', `name: ${'x.'.repeat(100_000)}`],
  ['nothing but spaces', `token${' '.repeat(500_000)}`],
])('%s is redacted in no time', (_, text) => {
  const seconds = processorSeconds(() => {
    expect(redacted(text)).toBe(text)
  })
  expect(seconds).toBeLessThan(3)
})
