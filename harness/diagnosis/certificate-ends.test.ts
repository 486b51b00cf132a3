import 'reflect-metadata'
import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { CertificateEnd } from '#results/certificate-end.ts'
import { cacertsSecret, encoded, rootForTests, textsOf } from '#testing/cacerts.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { certificateEnds } from './certificate-ends.ts'

const root = rootForTests()

/** A remote secret whose token ends, in seconds since 1970; without `exp` it never does. */
const remoteSecret = (name: string, exp?: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'istio-system', labels: { 'istio/multiCluster': 'true' } },
  data: encoded({
    cluster2: JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
      users: [
        { name: 'u', user: { token: `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.signature` } },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  }),
})

const endsOf = async (...more: Manifest[]): Promise<CertificateEnd[]> => certificateEnds(await surveyOf({ more }))

test('authorities in cacerts and tokens of remote secrets have an end', async () => {
  const [soon, token] = [new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000), 1_900_000_000]
  const ends = await endsOf(
    cacertsSecret(await textsOf(root(), soon)),
    remoteSecret('ending', token),
    remoteSecret('endless'),
  )
  const rootEnd = Date.parse(root().certificate.notAfter.toISOString())
  expect(ends).toEqual([
    { cluster: 'cluster1', kind: 'root', where: 'cacerts', at: rootEnd },
    { cluster: 'cluster1', kind: 'intermediate', where: 'cacerts', at: soon.getTime() },
    { cluster: 'cluster1', kind: 'remote-secret', where: 'ending', at: token * 1000 },
  ])
})

test('of several in one place it is the first end', async () => {
  const [first, second] = [1_900_000_000, 1_800_000_000]
  const several = remoteSecret('both', first)
  const [other] = Object.values(remoteSecret('both', second)['data'] as Record<string, string>)
  Object.assign(several['data'] as object, { cluster3: other })
  expect(await endsOf(several)).toEqual([
    { cluster: 'cluster1', kind: 'remote-secret', where: 'both', at: second * 1000 },
  ])
})
