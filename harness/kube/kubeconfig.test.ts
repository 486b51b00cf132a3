import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { errorOf, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { contextConfig } from './kubeconfig.ts'
import { contextNames, readKubeconfigs } from './kubeconfig-files.ts'

type Entry = Record<string, unknown>

/** A file as kubeadm writes it: cluster `kubernetes`, user `kubernetes-admin`, and contexts of these names. */
const written = async (
  contexts: string[],
  { cluster = {}, user = {}, name = 'config' }: { cluster?: Entry; user?: Entry; name?: string } = {},
): Promise<string> => {
  const path = join(await scratchFolder(), name)
  await writeFile(
    path,
    stringify({
      clusters: [{ name: 'kubernetes', cluster: { server: `https://${contexts[0]}.example:6443`, ...cluster } }],
      users: [{ name: 'kubernetes-admin', user: { token: `of-${contexts[0]}`, ...user } }],
      contexts: contexts.map((context) => ({
        name: context,
        context: { cluster: 'kubernetes', user: 'kubernetes-admin' },
      })),
    }),
  )
  return path
}

const config = (paths: string[], context: string) => contextConfig(readKubeconfigs(paths.join(':')).files, context)

/** What a request to the API server carries. */
const headersOf = async (paths: string[], context: string): Promise<unknown> => {
  const options = { headers: {} }
  await config(paths, context).applyToHTTPSOptions(options)
  return options.headers
}

describe('several files', () => {
  test('may call their clusters and users the same: a context belongs to the file that has it', async () => {
    const paths = [await written(['east']), await written(['west'])]
    for (const context of ['east', 'west']) {
      expect(config(paths, context).getCurrentCluster()?.server).toBe(`https://${context}.example:6443`)
      expect(await headersOf(paths, context)).toEqual({ Authorization: `Bearer of-${context}` })
    }
  })

  test('may have a context in another than its cluster and user', async () => {
    const contexts = join(await scratchFolder(), 'contexts')
    const context = { cluster: 'kubernetes', user: 'kubernetes-admin' }
    await writeFile(contexts, stringify({ contexts: [{ name: 'mine', context }] }))
    expect(config([contexts, await written(['east'])], 'mine').getCurrentCluster()?.server).toContain('east')
  })

  test('are passed over where they are gone, or empty', async () => {
    const empty = join(await scratchFolder(), 'empty')
    await writeFile(empty, '')
    const { files, missing } = readKubeconfigs(undefined, {
      KUBECONFIG: `/nowhere/config:${empty}:${await written(['east'])}`,
    })
    expect(missing).toEqual(['/nowhere/config'])
    expect(contextNames(files)).toEqual(['east'])
  })

  test('that are all gone are named', () => {
    expect(() => readKubeconfigs(undefined, { KUBECONFIG: '/nowhere/a:/nowhere/b' })).toThrow(
      expect.objectContaining({
        code: 'MP-116',
        message: expect.stringMatching(/\/nowhere\/a, \/nowhere\/b.*none of these files exists/),
        next: expect.stringContaining('KUBECONFIG must name'),
      }),
    )
  })

  test('one of which is no kubeconfig are refused with its name', async () => {
    const broken = await written(['east'])
    await writeFile(broken, 'clusters: [\n')
    expect(() => readKubeconfigs(broken)).toThrow(
      expect.objectContaining({ code: 'MP-116', message: expect.stringContaining(broken) }),
    )
  })
})

test('without a list, the user’s own is read', async () => {
  const home = await scratchFolder()
  await mkdir(join(home, '.kube'))
  await writeFile(join(home, '.kube/config'), await readFile(await written(['east'])))
  expect(contextNames(readKubeconfigs(undefined, { HOME: home, KUBECONFIG: '' }).files)).toEqual(['east'])
})

describe('a context', () => {
  test.each(['arn:aws:eks:eu-west-1:1234:cluster/east', 'admin@east', 'ns/api-east:6443/kube:admin'])(
    'may be called %s',
    async (context) => {
      const path = await written([context], { cluster: { server: 'https://east.example' } })
      expect(config([path], context).getCurrentContext()).toBe(context)
    },
  )

  test('whose cluster or user is nowhere is refused as kubectl refuses it', async () => {
    const path = join(await scratchFolder(), 'config')
    const context = { cluster: 'gone', user: 'gone' }
    await writeFile(path, stringify({ contexts: [{ name: 'east', context }] }))
    expect(() => config([path], 'east')).toThrow(/cluster "gone" does not exist/)
    const cluster = { server: 'https://east.example' }
    await writeFile(path, stringify({ contexts: [{ name: 'east', context }], clusters: [{ name: 'gone', cluster }] }))
    expect(() => config([path], 'east')).toThrow(/auth info "gone" does not exist/)
  })
})

describe('a cluster', () => {
  test('keeps what its certificate is verified by, and its proxy', async () => {
    const cluster = { 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true, 'proxy-url': 'proxy:3128' }
    expect(config([await written(['east'], { cluster })], 'east').getCurrentCluster()).toEqual({
      name: 'kubernetes',
      server: 'https://east.example:6443',
      skipTLSVerify: true,
      tlsServerName: 'kubernetes',
      proxyUrl: 'http://proxy:3128',
    })
  })

  test('has files relative to its kubeconfig', async () => {
    const path = await written(['east'], {
      cluster: { 'certificate-authority': 'pki/ca.crt' },
      user: { 'client-certificate': './pki/me.crt', 'client-key': 'pki/me.key', token: null },
    })
    expect(() => config([path], 'east')).toThrow(
      expect.objectContaining({
        code: 'MP-116',
        message: expect.stringMatching(/unable to read certificate-authority .*pki\/ca\.crt for kubernetes/),
      }),
    )
    const folder = join(path, '..')
    await mkdir(join(folder, 'pki'))
    for (const file of ['ca.crt', 'me.crt', 'me.key']) await writeFile(join(folder, 'pki', file), file)
    const options: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {}
    await config([path], 'east').applyToHTTPSOptions(options)
    expect([options.ca, options.cert, options.key].map(String)).toEqual(['ca.crt', 'me.crt', 'me.key'])
  })

  test('with a proxy that kubectl does not know is refused in its words', async () => {
    const path = await written(['east'], { cluster: { 'proxy-url': 'ftp://proxy' } })
    expect(() => config([path], 'east')).toThrow(/invalid proxy-url for cluster "kubernetes": unsupported scheme "ftp"/)
  })
})

describe('a user', () => {
  test('may have a token in a file that is renewed', async () => {
    const path = await written(['east'], { user: { token: null, tokenFile: 'token' } })
    const token = join(path, '../token')
    await writeFile(token, 'first\n')
    expect(await headersOf([path], 'east')).toEqual({ Authorization: 'Bearer first' })
  })

  test('may impersonate', async () => {
    const path = await written(['east'], { user: { as: 'reader', 'as-groups': ['readers'], 'as-uid': '7' } })
    expect(await headersOf([path], 'east')).toEqual({
      Authorization: 'Bearer of-east',
      'Impersonate-User': 'reader',
      'Impersonate-Group': 'readers',
      'Impersonate-Uid': '7',
    })
  })
})

describe('a plugin', () => {
  const credential = (status: object): string => JSON.stringify({ kind: 'ExecCredential', status })
  const plugin = (more: Entry = {}): { user: Entry } => ({
    user: {
      token: null,
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'login',
        args: ['--cluster', 'east'],
        env: [{ name: 'PROFILE', value: 'mesh' }],
        ...more,
      },
    },
  })

  test('is asked once for all requests, with its arguments, its variables and what it wants to know', async () => {
    const folder = await scratchFolder()
    await fakeProgram(
      'login',
      `echo "$PROFILE $*" >> ${folder}/calls\nprintf '%s' "$KUBERNETES_EXEC_INFO" > ${folder}/asked\n` +
        `echo '${credential({ token: 'fresh' })}'`,
    )
    const path = await written(['east'], {
      cluster: {
        'tls-server-name': 'kubernetes',
        'certificate-authority-data': 'Y2E=',
        extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'east' } }],
      },
      ...plugin({ provideClusterInfo: true }),
    })
    const one = config([path], 'east')
    const options = [{ headers: {} }, { headers: {} }, { headers: {} }]
    await Promise.all(options.map((each) => one.applyToHTTPSOptions(each)))
    for (const { headers } of options) expect(headers).toEqual({ Authorization: 'Bearer fresh' })
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('mesh --cluster east\n')
    expect(JSON.parse(await readFile(join(folder, 'asked'), 'utf8'))).toMatchObject({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: {
        interactive: false,
        cluster: {
          server: 'https://east.example:6443',
          'tls-server-name': 'kubernetes',
          'certificate-authority-data': 'Y2E=',
          config: { audience: 'east' },
        },
      },
    })
  })

  test('of one user for two clusters gives each cluster its own', async () => {
    await fakeProgram(
      'login',
      `case "$KUBERNETES_EXEC_INFO" in *east.example*) t=east;; *) t=west;; esac\n` +
        `printf '{"status":{"token":"of-%s"}}' $t`,
    )
    const path = join(await scratchFolder(), 'config')
    const names = ['east', 'west']
    await writeFile(
      path,
      stringify({
        clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.example` } })),
        users: [{ name: 'me', ...plugin({ provideClusterInfo: true }) }],
        contexts: names.map((name) => ({ name, context: { cluster: name, user: 'me' } })),
      }),
    )
    for (const name of names) expect(await headersOf([path], name)).toEqual({ Authorization: `Bearer of-${name}` })
  })

  test('may give a certificate, and is asked again when that ends', async () => {
    const folder = await scratchFolder()
    const status = { clientCertificateData: 'cert', clientKeyData: 'key', expirationTimestamp: '2020-01-01T00:00:00Z' }
    await fakeProgram('login', `echo called >> ${folder}/calls\necho '${credential(status)}'`)
    const one = config([await written(['east'], plugin())], 'east')
    const options: { cert?: unknown; key?: unknown } = {}
    await one.applyToHTTPSOptions(options)
    await one.applyToHTTPSOptions({})
    expect(options).toMatchObject({ cert: 'cert', key: 'key' })
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('called\ncalled\n')
  })

  test('with a path is where the kubeconfig is', async () => {
    const path = await written(['east'], plugin({ command: './bin/login' }))
    await mkdir(join(path, '../bin'))
    await writeFile(join(path, '../bin/login'), `#!/bin/sh\necho '${credential({ token: 'near' })}'`)
    await chmod(join(path, '../bin/login'), 0o755)
    expect(await headersOf([path], 'east')).toEqual({ Authorization: 'Bearer near' })
  })

  test.each<[string, string | undefined, Entry, string]>([
    [
      'is not installed',
      undefined,
      { command: 'no-such-login', installHint: 'get it from\nsomewhere' },
      'getting credentials: exec: executable no-such-login not found; get it from',
    ],
    ['fails', 'echo first >&2; echo expired login >&2; exit 3', {}, 'failed with exit code 3: expired login'],
    ['prints something else', 'echo hello', {}, 'printed no ExecCredential with a status'],
    ['prints nothing to show', `echo '{"status":{}}'`, {}, "didn't return a token or cert/key pair"],
    ['prints half a pair', `echo '{"status":{"clientKeyData":"k"}}'`, {}, 'only certificate or key, not both'],
  ])('that %s is told in kubectl’s words', async (_what, script, more, words) => {
    if (script !== undefined) await fakeProgram('login', script)
    const path = await written(['east'], plugin(more))
    expect(await errorOf(headersOf([path], 'east'))).toMatchObject({ message: expect.stringContaining(words) })
  })
})
