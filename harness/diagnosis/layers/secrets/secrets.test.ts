import { access as exists } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { json } from 'node:stream/consumers'
import { join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Look } from '#diagnosis/layer.ts'
import { textOf, type Permission } from '#kube/permissions.ts'
import type { Manifest } from '#kube/client.ts'
import { createRoot } from '#lab/certificate-authority.ts'
import { handshake, type Handshake } from '#probes/remote-server.ts'
import type { RemoteAccess } from '#istio/remote-kubeconfig.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { scratchFolder } from '#testing/edge.ts'
import { type FakeCluster, surveyOf } from '#testing/fake-clusters.ts'
import type { Shape } from '#testing/mesh-objects.ts'
import { tlsServer } from '#testing/tls-server.ts'
import { remoteSecrets } from '#diagnosis/layers/remote-secrets.ts'
import { tryCredentials, type Entry, type Tried } from './credentials.ts'
import { wrongCertificate } from './server.ts'

const meshOf = (first: FakeCluster, second: FakeCluster): Promise<Survey> =>
  surveyOf({ uid: 'one', ...first }, { uid: 'other', ...second })

const secret = (kubeconfig: string, name = 'istio-remote-secret-cluster2', key = 'cluster2'): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'istio-system', labels: { 'istio/multiCluster': 'true' } },
  data: { [key]: Buffer.from(kubeconfig).toString('base64') },
})

const kubeconfig = (user: object, cluster: object = {}): string =>
  stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })

const looked = async (...secrets: Manifest[]): Promise<Look> =>
  remoteSecrets.look(await meshOf({ more: secrets }, { role: 'remote' }), undefined)

const allowing = (options: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'istiod', namespace: 'istio-system', labels: { app: 'istiod' } },
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: 'discovery',
            env: [
              { name: 'CLUSTER_ID', value: 'cluster1' },
              { name: 'PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS', value: options },
            ],
          },
        ],
      },
    },
  },
})

describe('what a remote secret says', () => {
  /** A kubeconfig of all that could do something here, and what shows that it did: a file, and a reader of a pipe. */
  const trap = async (): Promise<{ user: object; cluster: object; ran: () => Promise<boolean> }> => {
    const folder = await scratchFolder()
    const [marker, pipe] = [join(folder, 'ran'), join(folder, 'pipe')]
    await execa('mkfifo', [pipe])
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'touch',
      args: [marker],
      interactiveMode: 'Never',
    }
    return {
      user: {
        exec,
        tokenFile: pipe,
        'client-certificate': pipe,
        'client-key': pipe,
        'auth-provider': { name: 'gcp', config: { 'cmd-path': `touch ${marker}` } },
      },
      cluster: { 'certificate-authority': pipe, 'proxy-url': 'http://192.0.2.1:1' },
      ran: () =>
        exists(marker).then(
          () => true,
          () => false,
        ),
    }
  }

  test('is not done: no command is run and no file is read, and istiod’s refusal is named', async () => {
    const { user, cluster, ran } = await trap()
    const { findings } = await looked(secret(kubeconfig(user, cluster)))
    expect(findings).toMatchObject([
      {
        code: 'MP-869',
        where: 'cluster1 istio-remote-secret-cluster2',
        evidence: expect.arrayContaining([
          'kubeconfig is not allowed: exec is not allowed',
          'kubeconfig is not allowed: tokenFile is not allowed',
          'kubeconfig is not allowed: auth provider gcp is not allowed',
        ]),
      },
    ])
    expect(await ran()).toBe(false)
  })

  test('is not done either where istiod does it: then it is no problem, and not tried', async () => {
    const { user, cluster, ran } = await trap()
    const mesh = await meshOf({ more: [secret(kubeconfig(user, cluster))] }, { role: 'remote' })
    const [primary] = mesh.clusters
    primary!.reads.istiods = () => Promise.resolve([allowing('exec,tokenFile,clientCertificate,clientKey,gcp')])
    const { findings, notes } = await remoteSecrets.look(mesh, undefined)
    expect(findings).toEqual([])
    expect(notes?.join('\n')).toMatch(/credentials not tried: istiod uses auth-provider gcp, exec, tokenFile/)
    expect(await ran()).toBe(false)
  })

  test('is judged for each of two secrets of one name', async () => {
    const { findings } = await looked(secret('see the wiki'), secret('', 'istio-remote-secret-again'))
    expect(findings.map(({ code, evidence }) => [code, evidence[0]])).toEqual([
      [
        'MP-866',
        'the value of cluster2: kubeconfig cannot be loaded: it is no mapping of clusters, users and contexts',
      ],
      ['MP-866', 'the value of cluster2: kubeconfig is empty'],
      ['MP-693', 'each has the key cluster2; istiod uses whichever it reads first'],
    ])
  })

  test('is not looked for where istiod reads files of its own', async () => {
    const mesh = await meshOf({}, { role: 'remote' })
    const istiod = allowing('')
    mesh.clusters[0]!.reads.istiods = () =>
      Promise.resolve([
        JSON.parse(
          JSON.stringify(istiod).replace(
            'PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS","value":"',
            'PILOT_MULTICLUSTER_KUBECONFIG_PATH","value":"/etc/remotes',
          ),
        ) as Manifest,
      ])
    const { findings, notes } = await remoteSecrets.look(mesh, undefined)
    expect(findings).toEqual([])
    expect(notes?.[0]).toContain('/etc/remotes')
  })
})

describe('clusters of one name', () => {
  test('are named by their contexts, and every layer goes on', async () => {
    const [first, second] = [{ podCidr: '10.1.0.0/24' }, { podCidr: '10.2.0.0/24' }]
    const namesakes = await meshOf(
      { called: 'east', proxies: ['1.31.2'], ...first },
      { called: 'east', proxies: ['1.31.2'], ...second },
    )
    const { layers } = await diagnoseMesh(namesakes, undefined, new AbortController().signal)
    expect(layers.find(({ layer }) => layer === 'secrets')?.findings).toMatchObject([
      {
        code: 'MP-860',
        where: 'east (contexts context1, context2)',
        evidence: [
          'context context1, a primary, calls itself east',
          'context context2, a primary, calls itself east',
          expect.stringContaining('ignores a remote secret'),
        ],
      },
    ])
  })
})

const token = (payload: object): string =>
  ['{}', JSON.stringify(payload), ''].map((part) => Buffer.from(part).toString('base64url')).join('.')

/** An API server as a reader’s credentials see it. */
const apiOf =
  ({
    uid = 'other',
    status = 200,
    refuses = () => false,
  }: {
    uid?: string
    status?: number
    refuses?: (right: string) => boolean
  }): RequestListener =>
  (request, response) => {
    const send = (code: number, body: object): void => {
      response.writeHead(code).end(JSON.stringify(body))
    }
    if (status !== 200) return send(status, {})
    if (request.method !== 'POST') return send(200, { metadata: { uid } })
    void json(request).then((review) => {
      const wish = (review as { spec: { resourceAttributes: Permission } }).spec.resourceAttributes
      send(201, { status: { allowed: !refuses(textOf(wish)) } })
    })
  }

const entryOf = async (
  listener: RequestListener,
  more: Partial<RemoteAccess> = {},
  second: Shape = { role: 'remote' },
): Promise<Entry & { shaken: Handshake }> => {
  const { url, authority } = await tlsServer(listener)
  const mesh = await meshOf({}, second)
  const [primary, cluster] = mesh.clusters
  const access = {
    server: new URL(url),
    authority,
    serverName: undefined,
    unverified: false,
    authorityFile: false,
    credentials: { token: token({ sub: 'system:serviceaccount:istio-system:reader' }) },
    refused: [],
    unused: [],
    ...more,
  }
  const shaken = await handshake(access)
  return {
    mesh,
    primary: primary!,
    cluster: cluster!,
    access,
    where: 'cluster1 remote',
    again: 'istioctl …',
    readsSecrets: true,
    shaken,
  }
}

const tried = async (...[listener, more, second]: Parameters<typeof entryOf>): Promise<Tried> => {
  const { shaken, ...entry } = await entryOf(listener, more, second)
  return tryCredentials(entry, shaken)
}

describe('credentials', () => {
  test('that may do what istiod needs are right', async () => {
    expect(await tried(apiOf({}))).toEqual({
      findings: [],
      seen: 'system:serviceaccount:istio-system:reader may read',
    })
  })

  test('are asked what they may not do, verb by verb', async () => {
    const refuses = (right: string): boolean =>
      right === 'watch endpointslices.discovery.k8s.io' || right.endsWith(' nodes') || right.includes('tokenreviews')
    expect(await tried(apiOf({ refuses }))).toMatchObject({
      findings: [
        {
          code: 'MP-867',
          clusters: ['cluster2'],
          evidence: [
            'system:serviceaccount:istio-system:reader may not list and watch nodes in cluster2',
            'system:serviceaccount:istio-system:reader may not watch endpointslices.discovery.k8s.io in cluster2',
            'system:serviceaccount:istio-system:reader may not create tokenreviews.authentication.k8s.io in cluster2',
            'istiod of cluster1 reviews the tokens of cluster2’s proxies with it',
          ],
        },
      ],
    })
  })

  test('need not review tokens for a cluster with a control plane of its own', async () => {
    const refuses = (right: string): boolean => right.includes('tokenreviews')
    expect((await tried(apiOf({ refuses }), {}, {})).findings).toEqual([])
  })

  test('that lack what the mesh may never use are a warning', async () => {
    const refuses = (right: string): boolean => right.includes('workloadentries')
    expect((await tried(apiOf({ refuses }))).findings).toMatchObject([
      { code: 'MP-694', evidence: [expect.stringContaining('may not list and watch workloadentries')] },
    ])
  })

  test('that are refused say what is known of them', async () => {
    const { findings } = await tried(apiOf({ status: 401 }), {
      credentials: {
        token: token({ 'kubernetes.io': { namespace: 'istio-system', serviceaccount: { name: 'reader', uid: '7' } } }),
      },
    })
    expect(findings).toMatchObject([
      { code: 'MP-865', evidence: ['cluster2’s API server answers 401 to the secret’s user', expect.any(String)] },
    ])
    expect((await tried(apiOf({ status: 401 }), { credentials: {} })).findings[0]?.evidence[1]).toContain('no token')
  })

  test('that have ended are told with when', async () => {
    const credentials = { token: token({ exp: Date.now() / 1000 - 180 }) }
    expect((await tried(apiOf({ status: 401 }), { credentials })).findings).toMatchObject([
      {
        code: 'MP-865',
        cause: 'a remote secret’s token has ended',
        evidence: [expect.stringMatching(/^the token ended 3 minutes ago, at 20/)],
      },
    ])
  })

  test('that end soon are a warning, and those that last are none', async () => {
    const ending = (seconds: number) => ({ credentials: { token: token({ exp: Date.now() / 1000 + seconds }) } })
    expect(await tried(apiOf({}), ending(600))).toMatchObject({
      findings: [
        { code: 'MP-692', evidence: [expect.stringMatching(/^the token for cluster2 ends in 10 minutes, at 20/)] },
      ],
    })
    expect((await tried(apiOf({}), ending(3 * 86_400))).findings).toEqual([])
  })

  test.each([
    ['one', 'cluster1 (context context1)'],
    ['unknown', 'a cluster that is none of those looked at'],
  ])('that lead to another cluster say to which: %s', async (uid, owner) => {
    expect((await tried(apiOf({ uid }))).findings).toMatchObject([
      {
        code: 'MP-864',
        cause: expect.stringContaining('another cluster'),
        evidence: [expect.stringContaining(`belongs to ${owner}`), expect.anything()],
      },
    ])
  })

  test('are not shown to a server whose certificate is wrong, and that is said', async () => {
    const other = (await createRoot('kubernetes')).certificate.toString('pem')
    expect(await tried(apiOf({}), { authority: other })).toMatchObject({
      findings: [],
      note: expect.stringContaining('credentials not tried'),
    })
  })
})

describe('a certificate that the secret does not verify', () => {
  const judged = async (more: Partial<RemoteAccess>): Promise<Awaited<ReturnType<typeof wrongCertificate>>> => {
    const { shaken, ...entry } = await entryOf(apiOf({}), more)
    if (!shaken.reached || shaken.why === undefined) throw new Error('nothing is wrong with it')
    return wrongCertificate(entry, shaken, shaken.why)
  }

  test('is told with whose it is', async () => {
    const authority = (await createRoot('kubernetes')).certificate.toString('pem')
    expect(await judged({ authority })).toMatchObject({
      proven: false,
      finding: {
        code: 'MP-691',
        clusters: ['cluster1', 'cluster2'],
        evidence: [
          expect.stringContaining('x509: certificate signed by unknown authority'),
          expect.stringContaining('kube-apiserver, issued by kubernetes'),
          'the secret’s certificate-authority-data does not verify it',
        ],
      },
    })
  })

  test('is the server’s own where only the name is wrong', async () => {
    expect(await judged({ serverName: 'east.example' })).toMatchObject({
      proven: true,
      finding: { evidence: expect.arrayContaining(['the secret expects east.example']) },
    })
  })
})
