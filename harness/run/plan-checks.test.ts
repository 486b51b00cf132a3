import { expect, test } from 'vitest'
import type { Check } from '#checks/check.ts'
import { checkOf } from '#testing/checks.ts'
import { threeClusters as example, variant } from '#testing/idle-lab.ts'
import { upgradeTo } from '#testing/upgrade-stage.ts'
import { loadTopologyFile, type Mtls, type Topology } from '#topology/topology-file.ts'
import { catalogue } from './catalogue.ts'
import { keyOf, planChecks } from './plan-checks.ts'

const threeClusters = async (): Promise<Topology> => {
  const {
    clusters: [one, two],
    ...rest
  } = await loadTopologyFile('gateway')
  return { ...rest, mtls: 'strict', clusters: [one!, two!, { ...two!, name: 'cluster3' }] }
}
const names = ['cluster1', 'cluster2', 'cluster3']
const everything = (): boolean => true

test.each<[string, Partial<Check>, [string[], string[]][]]>([
  ['once from every cluster to all', { from: 'each' }, names.map((name) => [[name], names])],
  ['from every cluster to itself', { from: 'each', to: 'own' }, names.map((name) => [[name], [name]])],
  [
    'from every cluster to those on other networks',
    { from: 'each', to: 'other networks' },
    [
      [['cluster1'], ['cluster2', 'cluster3']],
      [['cluster2'], ['cluster1']],
      [['cluster3'], ['cluster1']],
    ],
  ],
  [
    'from those that share a network to each other',
    { from: 'each', to: 'same network' },
    [
      [['cluster2'], ['cluster3']],
      [['cluster3'], ['cluster2']],
    ],
  ],
  ['once about all clusters together', { from: 'mesh' }, [[names, names]]],
])('a check is planned %s', async (_how, of, expected) => {
  const { planned, skipped } = planChecks([checkOf(of)], await threeClusters(), everything)
  expect(planned).toEqual(expected.map(([from, to]) => ({ id: 'reach.local', from, to })))
  expect(new Set(planned.map(keyOf)).size).toBe(expected.length)
  expect(skipped).toEqual([])
})

// cluster1 and cluster2 share a network; cluster3 is alone on its own.
test.each<[string, Mtls, [string, string[]][]]>([
  [
    'net.pods-routable',
    'strict',
    [
      ['cluster1', ['cluster2']],
      ['cluster2', ['cluster1']],
    ],
  ],
  [
    'net.gateway-open',
    'strict',
    [
      ['cluster1', ['cluster3']],
      ['cluster2', ['cluster3']],
      ['cluster3', ['cluster1', 'cluster2']],
    ],
  ],
  ['control.injection', 'strict', names.map((name) => [name, [name]])],
  ['reach.both-versions', 'strict', names.map((name) => [name, names])],
  [
    'mtls.off-crosses',
    'off',
    [
      ['cluster1', ['cluster2']],
      ['cluster2', ['cluster1']],
    ],
  ],
  ['mtls.off-stays', 'off', names.map((name) => [name, names])],
  ['reach.both-versions', 'off', []],
])('in the example of three clusters %s, mutual TLS %s, asks those that it is about', async (id, mtls, expected) => {
  const { planned } = planChecks(catalogue, await variant(example, mtls), everything)
  expect(planned.filter((check) => check.id === id)).toEqual(expected.map(([from, to]) => ({ id, from: [from], to })))
})

test('what disrupts is no part of a plan that does not name it, and is skipped where it does not apply', async () => {
  const disrupting = [
    checkOf({ id: 'resilience.node', disrupts: { seconds: 60 } }),
    checkOf({ id: 'resilience.gateway', disrupts: { seconds: 60 }, applies: () => 'all clusters are on one network' }),
  ]
  expect(planChecks(disrupting, await threeClusters(), () => false)).toEqual({ planned: [], skipped: [] })
  const { planned, skipped } = planChecks(disrupting, await threeClusters(), everything)
  expect(new Set(planned.map(({ id }) => id))).toEqual(new Set(['resilience.node']))
  expect(skipped).toMatchObject([{ id: 'resilience.gateway', reason: 'all clusters are on one network' }])
  expect(
    planChecks(disrupting, await threeClusters(), everything, {
      withheld: { disruption: 'it is not ours to disrupt' },
    }).skipped.map(({ reason }) => reason),
  ).toEqual(['it is not ours to disrupt', 'all clusters are on one network'])
})

test('checks of an upgrade are planned within one, and elsewhere no word is lost on them', async () => {
  const ofUpgrade = checkOf({ id: 'upgrade.versions', upgrade: true, from: 'mesh' })
  expect(planChecks([ofUpgrade], await threeClusters(), everything)).toEqual({ planned: [], skipped: [] })
  expect(
    planChecks([ofUpgrade], await threeClusters(), everything, { upgrade: upgradeTo('1.31-dev') }).planned,
  ).toEqual([{ id: 'upgrade.versions', from: names, to: names }])
})

test('what does not apply or was not selected is skipped with its reason, never dropped', async () => {
  const elsewhere = checkOf({ id: 'reach.elsewhere', applies: () => 'all clusters are on one network' })
  const { planned, skipped } = planChecks(
    [elsewhere, checkOf({ id: 'reach.path', from: 'mesh' }), checkOf({ id: 'mtls.strict' })],
    await threeClusters(),
    (id) => id === 'reach.path',
  )
  expect(planned.map(({ id }) => id)).toEqual(['reach.path'])
  expect(skipped).toMatchObject([
    { id: 'reach.elsewhere', verdict: 'skipped', reason: 'all clusters are on one network', from: names, attempts: [] },
    { id: 'mtls.strict', verdict: 'skipped', reason: 'not selected by --suite', from: names, attempts: [] },
  ])
})
