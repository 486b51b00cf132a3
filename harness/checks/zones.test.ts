import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { recorder } from './evidence.ts'
import { labTarget } from './lab-target.ts'
import type { Target } from './target.ts'
import { localityOf, podsOfZones, withZones, zoneNames, type Zones } from './zones.ts'

/** An API in which every deployment is rolled out, and every pod of a service is ready. */
const willing = (): FakeKube => {
  const kube = fakeKube()
  const replicasOf = ({ spec }: Manifest): number => (spec as { replicas?: number }).replicas ?? 1
  return Object.assign(kube, {
    get: async (ref: Parameters<FakeKube['get']>[0]): Promise<unknown> => {
      const found = kube.objects.find(({ kind, metadata }) => kind === ref.kind && metadata?.name === ref.name)
      if (!found || ref.kind !== 'Deployment') return found
      const replicas = replicasOf(found)
      // The API server leaves zeros out.
      const status = replicas === 0 ? {} : { updatedReplicas: replicas, availableReplicas: replicas, replicas }
      return { ...found, status }
    },
    list: () => {
      const zoned = kube.objects.filter(
        ({ kind, metadata }) => kind === 'Deployment' && metadata?.name !== 'zones-client',
      )
      const pods = zoned.reduce((sum, deployment) => sum + replicasOf(deployment), 0)
      const endpoints = Array.from({ length: pods }, (_, index) => ({ addresses: [`10.0.0.${index}`] }))
      return Promise.resolve([{ endpoints }])
    },
    merge: (change: Manifest) => {
      const object = kube.objects.find(({ metadata }) => metadata?.name === change.metadata?.name)
      Object.assign(object?.['spec'] ?? {}, change['spec'])
      return Promise.resolve()
    },
  })
}

/** The target of a lab whose clusters are these APIs, and what the zones put there. */
const withKubes = async <T>(
  kubes: FakeKube[],
  during: (zones: Zones, target: Target) => Promise<T>,
): Promise<{ result: T; evidence: unknown[] }> => {
  const idle = labTarget(await idleLab())
  const target: Target = {
    ...idle,
    images: { curl: 'curl:8', 'helloworld-v1': 'hello:1', 'helloworld-v2': 'hello:2' },
    clusters: idle.clusters.map((cluster, index) => {
      const { name, network, role, version, istioNamespace, discovery } = cluster
      return { name, network, role, version, istioNamespace, discovery, kube: kubes[index] ?? fakeKube() }
    }),
  }
  const record = recorder()
  const result = await withZones(
    {
      target,
      record,
      limits: { patience: 1_000, versions: 2, signal: new AbortController().signal },
      hostOf: (service) => `${service}.app1.svc.cluster.local`,
      withRules: async (rules, within) => {
        for (const kube of kubes.slice(0, 1)) await kube.apply(rules)
        return within()
      },
    },
    (zones) => during(zones, target),
  )
  return { result, evidence: record.all() }
}

const deploymentsIn = (kube: FakeKube): string[] =>
  kube.objects.flatMap(({ kind, metadata }) => (kind === 'Deployment' ? [metadata?.name ?? ''] : []))

const labelsIn = (kube: FakeKube): (string | undefined)[] =>
  kube.objects
    .filter(({ kind }) => kind === 'Deployment')
    .map(({ spec }) => (spec as { template: Manifest }).template.metadata?.labels?.['istio-locality'])

test('every cluster has a client in its first zone and pods in each zone, and nothing is left of them', async () => {
  const kubes = [willing(), willing()]
  const { evidence } = await withKubes(kubes, () => {
    expect(kubes.map(deploymentsIn)).toEqual([
      ['zones-client', 'zones-v1-a', 'zones-v1-b'],
      ['zones-client', 'zones-v2-a', 'zones-v2-b'],
    ])
    // A label holds no slash.
    expect(kubes.map(labelsIn)).toEqual([
      ['region-v1.zone-a', 'region-v1.zone-a', 'region-v1.zone-b'],
      ['region-v2.zone-a', 'region-v2.zone-a', 'region-v2.zone-b'],
    ])
    return Promise.resolve()
  })
  expect(kubes.flatMap(({ objects }) => objects)).toEqual([])
  expect(evidence[0]).toMatchObject({ probe: 'zones', pods: { [localityOf({ version: 'v2' }, 'b')]: podsOfZones.b } })
})

test('they go too where the check fails, or where a cluster refuses them', async () => {
  const kubes = [willing(), willing()]
  await expect(withKubes(kubes, () => Promise.reject(new Error('it does not hold')))).rejects.toThrow('not hold')
  expect(kubes.flatMap(({ objects }) => objects)).toEqual([])
  kubes[1]?.refused.add('Deployment')
  await expect(withKubes(kubes, () => Promise.resolve())).rejects.toThrow('refused to apply')
  expect(kubes.flatMap(({ objects }) => objects)).toEqual([])
})

test('zones are scaled, and a rule is for their service', async () => {
  const kubes = [willing(), willing()]
  const { result, evidence } = await withKubes(kubes, async (zones, { clusters: [, far] }) => {
    const cluster = { name: far?.name ?? '', version: far?.version ?? '' } as Parameters<Zones['scale']>[0]
    await zones.scale(cluster, { a: 0, b: 2 })
    return zones.withRule({ outlierDetection: { interval: '1s' } }, () =>
      Promise.resolve(kubes.map(({ objects }) => objects.find(({ kind }) => kind === 'DestinationRule')?.['spec'])),
    )
  })
  expect(result).toEqual([
    { host: 'zones.app1.svc.cluster.local', trafficPolicy: { outlierDetection: { interval: '1s' } } },
    undefined,
  ])
  expect(evidence).toContainEqual({ probe: 'scale', cluster: 'cluster2', service: 'zones', pods: { a: 0, b: 2 } })
  expect(zoneNames).toEqual(Object.keys(podsOfZones).sort())
})
