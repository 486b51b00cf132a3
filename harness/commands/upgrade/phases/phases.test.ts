import { beforeEach, describe, expect, test } from 'vitest'
import { topologyNames, type Topology } from '#topology/topology-file.ts'
import { emptyCache } from '#testing/edge.ts'
import { idleLab, threeClusters, variant } from '#testing/idle-lab.ts'
import { leftOut, phasesOf } from './phases.ts'
import { upgradable, upgradeLabOf } from '#commands/upgrade/upgrade-lab.ts'
import { strategies, type Strategy, type UpgradeLab } from '#commands/upgrade/upgrade-phase.ts'

const everything = { rotateCa: true, rollback: true }
const nothingMore = { rotateCa: false, rollback: false }

const between = async (topology: string | Topology, strategy: Strategy): Promise<UpgradeLab> => {
  const lab = await idleLab(upgradable(typeof topology === 'string' ? await variant(topology) : topology))
  lab.images = { ...lab.images, envoy: '1.38.3', roles: { tag: '1.30.2' } }
  return upgradeLabOf(lab, { ...lab.images, envoy: '1.39.3', roles: { tag: '1.31.0' } }, strategy)
}

const phasesIn = async (
  topology: string | Topology,
  strategy: Strategy,
  options = nothingMore,
): Promise<ReturnType<typeof phasesOf>> => phasesOf(await between(topology, strategy), options)
const stepsOf = async (topology: string, strategy: Strategy, id: string, options = nothingMore): Promise<string[]> =>
  (await phasesIn(topology, strategy, options)).find((phase) => phase.id === id)?.steps.map(({ name }) => name) ?? []

const old = { istio: '1.30.2', envoy: '1.38.3', revision: 'default' }
const inPlace = { istio: '1.31.0', envoy: '1.39.3', revision: 'default' }
const revised = { ...inPlace, revision: '1-31-0' }

const flat = ['vpn', 'shared-control-plane', 'multi-primary']
// An upgrade of an external control plane is refused (MP-138).
const names = [...(await topologyNames()).filter((name) => name !== 'external-control-plane'), threeClusters]

beforeEach(emptyCache)

describe.each(names.flatMap((topology) => strategies.map((strategy) => ({ topology, strategy }))))(
  'an upgrade of $topology, $strategy',
  ({ topology, strategy }) => {
    test('has its phases in order, and says of the others why they are left out', async () => {
      const withoutGateway = flat.includes(topology)
      expect((await phasesIn(topology, strategy)).map(({ id, kind }) => `${id} ${kind}`)).toEqual([
        'P2 control-plane',
        'P3 workloads',
        ...(withoutGateway ? [] : ['P4 gateways']),
        'P5 control-plane',
        'P6 workloads',
        ...(withoutGateway ? [] : ['P7 gateways']),
        'P8 removal',
        'P9 secrets',
      ])
      expect((await phasesIn(topology, strategy, everything)).map(({ id }) => id)).toEqual(
        expect.arrayContaining(['P10', 'P11']),
      )
      expect(leftOut(await between(topology, strategy), nothingMore).map(({ phase }) => phase)).toEqual([
        ...(withoutGateway ? ['P4', 'P7'] : []),
        'P10',
        'P11',
      ])
    })

    test('does something in each phase, each step of a name of its own', async () => {
      for (const { steps } of await phasesIn(topology, strategy, everything)) {
        expect(steps).not.toEqual([])
        expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length)
      }
    })

    test('leaves every cluster at the new release, and a rollback at the old one', async () => {
      const is = strategy === 'in-place' ? inPlace : revised
      const phases = await phasesIn(topology, strategy, everything)
      const { clusters } = (await between(topology, strategy)).to
      const whole = (release: typeof old): object => ({
        controlPlanes: Object.fromEntries(
          clusters.map(({ name, role }) => [name, role === 'primary' ? [release] : []]),
        ),
        workloads: Object.fromEntries(clusters.map(({ name }) => [name, release])),
        gateways: flat.includes(topology) ? {} : Object.fromEntries(clusters.map(({ name }) => [name, release])),
        gatewayReplicas: 2,
      })
      expect(phases.find(({ id }) => id === 'P8')?.after).toEqual({ phase: 'P8', ...whole(is) })
      expect(phases.find(({ id }) => id === 'P10')?.after).toEqual({ phase: 'P10', ...whole(is) })
      expect(phases.at(-1)?.after).toEqual({ phase: 'P11', ...whole(old) })
    })
  },
)

test('half-way, one cluster is at the new release and the other at the old one', async () => {
  const after = async (strategy: Strategy): Promise<unknown> =>
    (await phasesIn('multi-primary-multi-network', strategy)).find(({ id }) => id === 'P4')?.after
  const halves = (is: typeof old): object => ({
    workloads: { cluster1: is, cluster2: old },
    gateways: { cluster1: is, cluster2: old },
  })
  expect(await after('in-place')).toMatchObject({
    controlPlanes: { cluster1: [inPlace], cluster2: [old] },
    ...halves(inPlace),
  })
  expect(await after('revision')).toMatchObject({
    controlPlanes: { cluster1: [old, revised], cluster2: [old] },
    ...halves(revised),
  })
})

test('the first phase leaves workloads and gateways as they are', async () => {
  expect((await phasesIn('gateway', 'in-place'))[0]?.after).toMatchObject({
    controlPlanes: { cluster1: [inPlace], cluster2: [] },
    workloads: { cluster1: old, cluster2: old },
    gateways: { cluster1: old, cluster2: old },
  })
})

describe('the steps', () => {
  test('are in place the installation’s own, again', async () => {
    expect(await stepsOf('gateway', 'in-place', 'P2')).toEqual([
      'cluster1: control plane',
      'cluster1: control plane exposed',
      'cluster1: injector trusted',
      'cluster1: proxies in sync',
    ])
    expect(await stepsOf('gateway', 'in-place', 'P3')).toEqual(['cluster1: workloads restarted'])
    expect(await stepsOf('gateway', 'in-place', 'P4')).toEqual(['cluster1: gateway'])
    expect(await stepsOf('gateway', 'in-place', 'P5')).toEqual([
      'cluster2: remote profile',
      'cluster2: injector trusted',
    ])
    expect(await stepsOf('gateway', 'in-place', 'P8')).toEqual([
      'cluster1: no other control plane, no other injector',
      'cluster2: no other control plane, no other injector',
    ])
    expect(await stepsOf('gateway', 'in-place', 'P9')).toEqual([
      'cluster2: remote secret rotated',
      'cluster1: istiod restarted',
    ])
  })

  test('of a captured address follow istiod’s pod whenever it has moved', async () => {
    const followed = 'cluster1: istiod’s address followed'
    expect(await stepsOf('shared-control-plane', 'in-place', 'P2')).toContain(followed)
    expect((await stepsOf('shared-control-plane', 'revision', 'P9')).at(-1)).toBe(followed)
  })

  test('of a revision move namespaces, then the default tag, and remove what nothing is left under', async () => {
    expect(await stepsOf('vpn', 'revision', 'P2')).toEqual([
      'cluster1: control plane',
      'cluster1: control plane exposed',
      'cluster1: injector of revision 1-31-0 trusted',
    ])
    expect(await stepsOf('vpn', 'revision', 'P3')).toEqual([
      'cluster1: namespaces ask for revision 1-31-0',
      'cluster1: workloads restarted',
    ])
    expect(await stepsOf('vpn', 'revision', 'P8')).toEqual([
      'cluster1: what is left under revision default restarted',
      'cluster2: what is left under revision default restarted',
      ...['cluster1', 'cluster2'].flatMap((cluster) => [
        `${cluster}: default tag moved to revision 1-31-0`,
        `${cluster}: control plane of revision default removed`,
        `${cluster}: no other control plane, no other injector`,
      ]),
    ])
  })

  test('rotate every secret by which a control plane watches another cluster', async () => {
    expect(await stepsOf('multi-primary', 'in-place', 'P9')).toEqual([
      'cluster1: remote secret rotated',
      'cluster2: remote secret rotated',
      'cluster1: istiod restarted',
      'cluster2: istiod restarted',
    ])
  })

  test('of a rollback take the second cluster back first, after the control plane that serves both', async () => {
    const order = async (topology: string): Promise<string[]> =>
      (await stepsOf(topology, 'in-place', 'P11', everything)).filter((name) =>
        /workloads|gateway$|control plane$|remote profile|in sync/.test(name),
      )
    expect(await order('primary-remote')).toEqual([
      'cluster1: control plane',
      'cluster1: proxies in sync',
      'cluster2: remote profile',
      'cluster2: workloads restarted',
      'cluster2: gateway',
      'cluster1: workloads restarted',
      'cluster1: gateway',
    ])
    expect(await order('multi-primary')).toEqual([
      'cluster2: control plane',
      'cluster2: proxies in sync',
      'cluster2: workloads restarted',
      'cluster1: control plane',
      'cluster1: proxies in sync',
      'cluster1: workloads restarted',
    ])
  })
})

test('both handles of an upgrade are of one lab with one root; only a revision renames the new one', async () => {
  const [place, revision] = [await between('gateway', 'in-place'), await between('gateway', 'revision')]
  expect(place.to.root).toBe(place.from.root)
  expect(place.to.runId).toBe(place.from.runId)
  expect([
    place.revision,
    place.to.topology.revision,
    revision.revision,
    revision.to.topology.revision,
    revision.from.topology.revision,
  ]).toEqual(['', undefined, '1-31-0', '1-31-0', undefined])
})

describe('a gateway that istiod makes', () => {
  const betweenResources = async (name: string, strategy: Strategy): Promise<UpgradeLab> =>
    between({ ...(await variant(name)), gateways: 'gateway-api' }, strategy)
  const kindsOf = async (name: string, strategy: Strategy): Promise<string[]> =>
    phasesOf(await betweenResources(name, strategy), nothingMore).map(({ id, kind }) => `${id} ${kind}`)

  test('follows an istiod that is replaced in place, in phases that are judged as those of gateways', async () => {
    expect(await kindsOf('multi-primary-multi-network', 'in-place')).toEqual([
      'P2 gateways',
      'P3 workloads',
      'P5 gateways',
      'P6 workloads',
      'P8 removal',
      'P9 secrets',
    ])
    const upgrade = await betweenResources('multi-primary-multi-network', 'in-place')
    const [first] = phasesOf(upgrade, nothingMore)
    expect(first?.name).toBe('cluster1: istiod, and the gateway that it makes')
    expect(first?.steps.map(({ name }) => name)).toContain('cluster1: gateway follows its istiod')
    expect(first?.after).toMatchObject({ gateways: { cluster1: inPlace, cluster2: old } })
    expect(leftOut(upgrade, nothingMore).slice(0, 2)).toEqual([
      { phase: 'P4', why: 'a Gateway’s deployment follows its istiod, which was replaced in P2' },
      { phase: 'P7', why: 'a Gateway’s deployment follows its istiod, which was replaced in P5' },
    ])
  })

  test('has no part in the phase of a remote cluster, whose gateway is installed', async () => {
    expect(await kindsOf('primary-remote', 'in-place')).toEqual([
      'P2 gateways',
      'P3 workloads',
      'P5 control-plane',
      'P6 workloads',
      'P7 gateways',
      'P8 removal',
      'P9 secrets',
    ])
  })

  test('keeps to its revision until its own phase gives it the new one', async () => {
    expect(await kindsOf('multi-primary-multi-network', 'revision')).toEqual(
      (await phasesIn('multi-primary-multi-network', 'revision')).map(({ id, kind }) => `${id} ${kind}`),
    )
  })

  test.each(strategies)('is at the old release after a rollback, %s', async (strategy) => {
    const phases = phasesOf(await betweenResources('primary-remote', strategy), everything)
    expect(phases.at(-1)?.after).toMatchObject({ gateways: { cluster1: old, cluster2: old } })
  })
})
