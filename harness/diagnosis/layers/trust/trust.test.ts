import { describe, expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import type { Manifest } from '#kube/client.ts'
import { cacertsSecret, rootForTests, signerIn, textsOf, type Texts } from '#testing/cacerts.ts'
import { apiServerOf, surveyOf, surveyServers } from '#testing/fake-clusters.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import type { Look } from '#diagnosis/layer.ts'
import { trust } from './trust.ts'

const root = rootForTests()

/** Looks at two clusters with these cacerts, and with more objects in the first or the second. */
const looked = async (first: Texts, second: Texts, more: Manifest[] = [], others: Manifest[] = []): Promise<Look> =>
  trust.look(
    await surveyOf({ more: [cacertsSecret(first), ...more] }, { more: [cacertsSecret(second), ...others] }),
    undefined,
  )

describe('cacerts that are right', () => {
  test('may have an intermediate that another intermediate signed, with the root elsewhere', async () => {
    const upper = await textsOf(root())
    const lower = await textsOf(await signerIn(upper))
    const tiers = {
      ...lower,
      'cert-chain.pem': `${lower['ca-cert.pem'] ?? ''}${upper['ca-cert.pem'] ?? ''}`,
      'root-cert.pem': upper['root-cert.pem'] ?? '',
    }
    expect((await looked(tiers, upper)).findings).toEqual([])
    const torn = { ...tiers, 'cert-chain.pem': lower['ca-cert.pem'] ?? '' }
    expect((await looked(torn, upper)).findings).toMatchObject([{ code: 'MP-844', where: 'cluster1' }])
  })

  test('may have the names of a TLS secret', async () => {
    const texts = await textsOf(root())
    const tls = {
      'tls.crt': texts['ca-cert.pem'] ?? '',
      'tls.key': texts['ca-key.pem'] ?? '',
      'ca.crt': texts['root-cert.pem'] ?? '',
    }
    expect((await looked(tls, await textsOf(root()))).findings).toEqual([])
  })

  test('may hold two roots, as in a rotation, if the clusters share one', async () => {
    const other = await createRoot('New Root CA')
    const texts = await textsOf(root())
    const twoRoots = {
      ...texts,
      'root-cert.pem': `${texts['root-cert.pem'] ?? ''}${other.certificate.toString('pem')}\n`,
    }
    expect((await looked(twoRoots, texts)).findings).toEqual([])
  })

  test('may keep a root that has ended, as long as another one verifies them', async () => {
    const ended = await createRoot('Old Root CA', new Date(Date.now() - 60_000))
    const texts = await textsOf(root())
    const withOld = {
      ...texts,
      'root-cert.pem': `${ended.certificate.toString('pem')}\n${texts['root-cert.pem'] ?? ''}`,
    }
    expect((await looked(withOld, texts)).findings).toEqual([])
    const signed = await textsOf(ended)
    expect((await looked(signed, signed)).findings).toMatchObject([{ code: 'MP-845' }, { code: 'MP-845' }])
  })

  test('may have their chain in any order', async () => {
    const upper = await textsOf(root())
    const lower = await textsOf(await signerIn(upper))
    const tiers = {
      ...lower,
      'cert-chain.pem': `${upper['ca-cert.pem'] ?? ''}${lower['ca-cert.pem'] ?? ''}`,
      'root-cert.pem': upper['root-cert.pem'] ?? '',
    }
    expect((await looked(tiers, upper)).findings).toEqual([])
  })
})

describe('a cluster without cacerts, where the other has some', () => {
  const inRoot = (kind: string, name: string, rest: object): Manifest => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'istio-system' },
    ...rest,
  })
  const codesWith = async (texts: Texts, more: (objects: Manifest[]) => Manifest[]): Promise<string[]> => {
    const handedOut = inRoot('ConfigMap', 'istio-ca-root-cert', { data: { 'root-cert.pem': texts['root-cert.pem'] } })
    const mesh = await surveyServers(
      apiServerOf(meshObjects('cluster1', { more: [cacertsSecret(texts)] })),
      apiServerOf(more([...meshObjects('cluster2'), handedOut])),
    )
    return (await trust.look(mesh, undefined)).findings.map(({ code }) => code)
  }

  test('has lost them', async () => {
    expect(await codesWith(await textsOf(root()), (objects) => objects)).toEqual(['MP-842'])
  })

  test('has another signer of the same root', async () => {
    const withoutCa = (objects: Manifest[]): Manifest[] =>
      JSON.parse(
        JSON.stringify(objects).replace(
          '{"name":"CLUSTER_ID"',
          '{"name":"ENABLE_CA_SERVER","value":"false"},{"name":"CLUSTER_ID"',
        ),
      ) as Manifest[]
    expect(await codesWith(await textsOf(root()), withoutCa)).toEqual([])
  })

  test('has an authority of its own from that root', async () => {
    const texts = await textsOf(root())
    const own = { ...cacertsSecret(texts), metadata: { name: 'istio-ca-secret', namespace: 'istio-system' } }
    expect(await codesWith(texts, (objects) => [...objects, own])).toEqual([])
  })
})

test('clusters with roots of their own may exchange them by their mesh configs, both of them', async () => {
  const [first, second] = [await textsOf(root()), await textsOf(await createRoot('Second Root CA'))]
  const trusting = (texts: Texts): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: JSON.stringify({ caCertificates: [{ pem: texts['root-cert.pem'] }] }) },
  })
  expect((await looked(first, second, [trusting(second)], [trusting(first)])).findings).toEqual([])
  expect((await looked(first, second, [trusting(second)])).findings).toMatchObject([{ code: 'MP-841' }])
})

test('an authority near its end is worth a warning, one that was issued for days alone is not', async () => {
  const minutes = (count: number): Date => new Date(Date.now() + count * 60_000)
  expect((await looked(await textsOf(root(), minutes(10)), await textsOf(root()))).findings).toMatchObject([
    { code: 'MP-846', where: 'cluster1', evidence: [expect.stringContaining('in 0 days')] },
  ])
  expect((await looked(await textsOf(root(), minutes(5 * 24 * 60)), await textsOf(root()))).findings).toEqual([])
})

test('a torn certificate in cacerts is a problem, and no end of the diagnosis', async () => {
  const texts = await textsOf(root())
  const torn = { ...texts, 'ca-cert.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' }
  expect((await looked(torn, texts)).findings).toMatchObject([
    { code: 'MP-844', where: 'cluster1', evidence: expect.arrayContaining(['ca-cert.pem holds no certificate']) },
  ])
})

test('an authority of another root is a problem', async () => {
  const other = await textsOf(await createRoot('Other'))
  expect((await looked(other, await textsOf(root()))).findings).toMatchObject([{ code: 'MP-841' }])
})

test('a proxy that does not answer is a note, and the rest is judged', async () => {
  const silent: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'silent', namespace: 'shop' },
    spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }
  const { findings, notes } = await looked(await textsOf(await createRoot('Other')), await textsOf(root()), [silent])
  expect(findings).toMatchObject([{ code: 'MP-841' }])
  expect(notes).toMatchObject([expect.stringContaining('cluster1 shop/silent')])
})
