import { expect, test } from 'vitest'
import { failover } from '../../suites/failover.suite.ts'
import { readUntil } from '#kube/until.ts'
import type { Answers } from '#probes/sample.ts'
import { errorOf } from '#testing/edge.ts'
import type { Cluster } from './cluster.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Mesh } from './mesh.ts'

/**
 * Proves failover.local-down in a mesh of two clusters where clients are always answered by the pods that are there.
 * `deaf` names the cluster that its istiod does not hear any more. `withheld` says why istiod cannot be asked.
 */
const proved = async ({ deaf, withheld }: { deaf?: string; withheld?: string } = {}): Promise<string> => {
  const pods: Record<string, number> = { cluster1: 1, cluster2: 1 }
  const there = (name: string): string[] => (pods[name] === 0 ? [] : [`10.0.0.${name.slice(-1)}`])
  const clusters = ['cluster1', 'cluster2'].map((name) => {
    const cluster: Partial<Cluster> = {
      name,
      version: name.replace('cluster', 'v'),
      scale: (_, replicas) => {
        const before = pods[name] ?? 0
        pods[name] = replicas
        return Promise.resolve(before)
      },
      apiEndpoints: () => Promise.resolve(there(name)),
    }
    const sleep: Partial<Cluster['sleep']> = {
      get: () => {
        const versions = ['cluster1', 'cluster2'].filter((peer) => pods[peer] !== 0).map((peer) => `v${peer.slice(-1)}`)
        const answers: Partial<Answers> = { statuses: [200], versions, summary: versions.join(' ') }
        return Promise.resolve(answers as Answers)
      },
    }
    return Object.assign(cluster, { sleep }) as Cluster
  })
  const controlPlane: Partial<ControlPlane> = {
    endpoints: (service) => {
      if (withheld !== undefined) throw new Error('istiod must not be asked')
      expect(service).toBe('helloworld-failover')
      const held = ['cluster1', 'cluster2'].map((name) => [name, name === deaf ? ['10.0.0.9'] : there(name)])
      return Promise.resolve(Object.fromEntries(held) as Record<string, string[]>)
    },
  }
  const mesh: Partial<Mesh> = {
    clusters,
    versions: ['v1', 'v2'],
    failover: { url: 'http://helloworld-failover:5000/hello' },
    controlPlanes: [controlPlane as ControlPlane],
    othersThan: (down) => clusters.filter((cluster) => cluster !== down),
    eventually: (holds) => holds(),
    readUntil: (read, isExpected) => readUntil(read, isExpected, { every: 1, within: 5 }),
    leftOut: () => withheld,
  }
  const check = failover.find(({ id }) => id === 'failover.local-down') ?? expect.fail('no such check')
  return check.prove({ mesh: mesh as Mesh, from: {} as Cluster, signal: new AbortController().signal })
}

test('passes where the other cluster answers and every control plane hears that pods are gone', async () => {
  expect(await proved()).toBe('cluster1 v2; cluster2 v2; cluster1 v1; cluster2 v1')
})

test('fails where a control plane holds on to pods that are gone, though every request is answered', async () => {
  const error = await errorOf(proved({ deaf: 'cluster2' }))
  expect(error).toMatchObject({ message: expect.stringContaining('MP-784'), actual: ['10.0.0.9'] })
})

test('asks no istiod that cannot be asked', async () => {
  expect(await proved({ deaf: 'cluster2', withheld: 'istiod is on no cluster of the run' })).toContain('cluster1 v2')
})
