import { describe, expect, it } from 'vitest'
import { proberDeployments } from './manifests.ts'
import { fileOf, planProbes } from './plan-probes.ts'

const clusters = [{ name: 'cluster1' }, { name: 'cluster2' }]
const strict = planProbes({ mtls: 'strict', clusters, streams: true })

describe('the probes of two clusters', () => {
  it('go from each to each, by every kind, with retries and without, in pods that stay', () => {
    const kept = strict.filter(
      ({ pods, expects, kind }) => pods === 'kept' && expects === 'answers' && kind !== 'outside',
    )
    expect(kept).toHaveLength(4 * 3 * 2)
    expect(kept.filter(({ from, to }) => from === 'cluster2' && to === 'cluster1').map(({ id }) => id)).toEqual([
      'cluster2→cluster1 new-connection',
      'cluster2→cluster1 new-connection no-retries',
      'cluster2→cluster1 keep-alive',
      'cluster2→cluster1 keep-alive no-retries',
      'cluster2→cluster1 stream',
      'cluster2→cluster1 stream no-retries',
    ])
  })

  it('are new connections that cross where pods are restarted, with Istio’s retries', () => {
    const restarted = strict.filter(({ pods }) => pods === 'restarted')
    expect(restarted.map(({ id }) => id)).toEqual([
      'cluster1→cluster2 new-connection restarted',
      'cluster2→cluster1 new-connection restarted',
    ])
    expect(new Set(restarted.map(({ retries }) => retries))).toEqual(new Set(['default']))
  })

  it('expect refusals in every cluster, of an identity that crossed', () => {
    expect(strict.filter(({ expects }) => expects === 'refusal').map(({ id }) => id)).toEqual([
      'cluster1→cluster1 plaintext',
      'cluster1→cluster2 wrong-identity',
      'cluster1→cluster1 wrong-subset',
      'cluster2→cluster2 plaintext',
      'cluster2→cluster1 wrong-identity',
      'cluster2→cluster2 wrong-subset',
    ])
  })

  it('expect no refusal of a client where mutual TLS is off', () => {
    expect(
      new Set(
        planProbes({ mtls: 'off', clusters, streams: true })
          .filter(({ expects }) => expects === 'refusal')
          .map(({ kind }) => kind),
      ),
    ).toEqual(new Set(['wrong-subset']))
  })

  it('have no streams where helloworld has no long answer', () => {
    expect(planProbes({ mtls: 'strict', clusters, streams: false }).filter(({ kind }) => kind === 'stream')).toEqual([])
  })

  it('each have an id, a file and one pod of their own', () => {
    expect(new Set(strict.map(({ id }) => id)).size).toBe(strict.length)
    expect(new Set(strict.map(fileOf)).size).toBe(strict.length)
    expect(strict.map((probe) => proberDeployments.filter(({ runs }) => runs(probe)).length)).toEqual(
      strict.map(() => 1),
    )
    expect(strict.map(fileOf).filter((file) => !/^[a-z0-9-]+$/.test(file))).toEqual([])
  })
})
