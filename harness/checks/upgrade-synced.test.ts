import { expect, test } from 'vitest'
import { readUntil } from '#kube/until.ts'
import { catalogue } from '#run/catalogue.ts'
import { errorOf } from '#testing/edge.ts'
import type { Cluster } from './cluster.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Mesh } from './mesh.ts'

type Proxies = Awaited<ReturnType<ControlPlane['proxies']>>

/** What istiod says of its one proxy: the types that it is stale for, and those that it refuses. */
const look = (stale: string[], refused: string[] = []): Proxies =>
  [{ proxy: 'sleep-1.app1', cluster: 'cluster1', stale, refused }] as Proxies

/** Proves upgrade.synced where the watch sees these looks, and each later question gets one of `later`. */
const watched = async (looks: Proxies[], later: Proxies[]): Promise<string> => {
  const answers = [...later]
  const controlPlane: Partial<ControlPlane> = {
    name: 'cluster1',
    proxies: () => Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []),
  }
  const mesh: Partial<Mesh> = {
    controlPlanes: [controlPlane as ControlPlane],
    watch: () => Promise.resolve(looks as never[]),
    readUntil: (read, isExpected) => readUntil(read, isExpected, { every: 1, within: 20 }),
  }
  const check = catalogue.find(({ id }) => id === 'upgrade.synced') ?? expect.fail('no such check')
  return check.prove({ mesh: mesh as Mesh, from: {} as Cluster, signal: new AbortController().signal })
}

test('proxies in sync pass, and so does one that is stale for a moment', async () => {
  expect(await watched([look([]), look(['routes']), look([])], [look([])])).toBe('cluster1 1 proxies, 3 looks')
})

test('a proxy that many pushes make late passes once it is seen in sync, whatever else is stale then', async () => {
  const late = [look(['routes']), look(['routes', 'endpoints']), look(['routes', 'endpoints'])]
  const said = await watched(late, [look(['routes']), look(['endpoints']), look(['endpoints', 'routes'])])
  expect(said).toBe('cluster1 1 proxies, 3 looks')
})

test('a proxy that stays behind is named with what it lacks', async () => {
  const behind = [look(['routes']), look(['routes']), look(['routes'])]
  const error = await errorOf(watched(behind, [look(['routes'])]))
  expect(error).toMatchObject({ actual: [{ proxy: 'sleep-1.app1', type: 'routes' }] })
})

test('what a proxy refuses counts at once, also where it takes it later', async () => {
  const error = await errorOf(watched([look([]), look([], ['listeners']), look([])], [look([])]))
  expect(error).toMatchObject({ actual: [{ proxy: 'sleep-1.app1', refused: ['listeners'] }] })
})
