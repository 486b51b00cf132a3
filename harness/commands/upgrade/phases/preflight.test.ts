import { describe, expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import type { Manifest } from '#kube/client.ts'
import { createRoot, type RootAuthority } from '#lab/certificate-authority.ts'
import { cacertsSecret, textsOf } from '#testing/cacerts.ts'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { meshObjects, type Shape } from '#testing/mesh-objects.ts'
import { meshProblems } from './preflight.ts'
import { refusal, type Problem } from './preflight-problem.ts'

const cacerts = async (root: RootAuthority, cluster: string, notAfter?: Date): Promise<Manifest> =>
  cacertsSecret(await textsOf(root, notAfter, cluster))

const gateway = (available: number): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'istio-eastwestgateway', namespace: 'istio-system' },
  spec: { replicas: available },
  status: { availableReplicas: available },
})

const problemsOf = async (first: Shape, second: Shape): Promise<Problem[]> => {
  const servers = await Promise.all(
    [meshObjects('cluster1', first), meshObjects('cluster2', second)].map((objects) => apiServerOf(objects)),
  )
  return meshProblems(
    servers.map((server, index) => server.cluster(`cluster${index + 1}`)),
    { tag: '1.31.2', revision: 'new' },
    new Date(),
  )
}

describe('before an upgrade', () => {
  test('a mesh with one root and two replicas of each gateway is fit', async () => {
    const root = await createRoot()
    const shape = async (cluster: string): Promise<Shape> => ({
      proxies: ['1.31.2'],
      more: [await cacerts(root, cluster), gateway(2)],
    })
    expect(await problemsOf(await shape('cluster1'), { ...(await shape('cluster2')), network: 'network2' })).toEqual([])
  })

  test('everything that stands in the way is told at once, and where', async () => {
    const [root, another] = [await createRoot(), await createRoot('Another')]
    const soon = new Date(Date.now() + 3_600_000)
    const problems = await problemsOf(
      { proxies: ['1.31.2', '1.32.0'], more: [await cacerts(root, 'cluster1', soon), gateway(1)] },
      { more: [await cacerts(another, 'cluster2')], revision: 'new' },
    )
    expect(problems.map(({ code, where }) => `${code} ${where ?? ''}`)).toEqual([
      'MP-154 cluster1, cluster2',
      expect.stringMatching(/^MP-155 cluster1, .*L=cluster1/),
      'MP-157 cluster1, istio-eastwestgateway: 1 available',
      'MP-160 cluster1: shop/client-2 1.32.0',
      'MP-158 cluster2: istio-sidecar-injector',
    ])
    expect(problems[0]?.why).toContain('Another')
  })

  test('an authority that has ended is told once', async () => {
    const root = await createRoot()
    const problems = await problemsOf(
      { more: [await cacerts(root, 'cluster1', new Date(Date.now() - 3_600_000))] },
      { more: [await cacerts(root, 'cluster2')] },
    )
    expect(problems).toMatchObject([{ code: 'MP-155', why: expect.stringContaining('it ended on') }])
  })
})

describe('a refusal', () => {
  const problem = (code: Problem['code']): Problem => ({
    code,
    what: `What of ${code}`,
    where: 'cluster1',
    why: 'why',
    next: `Next of ${code}.`,
  })

  test('of one problem is that problem', () => {
    expect(refusal([problem('MP-157')])).toMatchObject({
      code: 'MP-157',
      message: 'What of MP-157 (cluster1): why',
      next: 'Next of MP-157.',
      exitCode: 2,
    })
  })

  test('of several names each of them, with its next step', () => {
    const error = refusal([problem('MP-154'), problem('MP-157')])
    expect(error).toBeInstanceOf(MeshproofError)
    expect(error).toMatchObject({ code: 'MP-150', exitCode: 2 })
    expect(error.message).toMatch(
      /2 reasons: \n {2}MP-154 {2}What of MP-154 \(cluster1\): why\n {4}next: Next of MP-154\.\n {2}MP-157/,
    )
  })
})
