import { expect, test } from 'vitest'
import { loadTopologyFile, type Topology } from '../plan/topology-file.ts'
import type { Check } from './catalogue.ts'
import { keyOf, planChecks } from './plan-checks.ts'

const checkOf = (of: Partial<Check>): Check => ({
  id: 'reach.local', layer: 'reach', title: 'it holds', source: 'seed 000', from: 'each', prove: () => Promise.resolve(''), ...of,
})

const threeClusters = async (): Promise<Topology> => {
  const { clusters: [one, two], ...rest } = await loadTopologyFile('gateway')
  return { ...rest, mtls: 'strict', clusters: [one!, two!, { ...two!, name: 'cluster3' }] }
}
const names = ['cluster1', 'cluster2', 'cluster3']
const everything = (): boolean => true

test.each<[string, Partial<Check>, [string[], string[]][]]>([
  ['once from every cluster to all', { from: 'each' }, names.map((name) => [[name], names])],
  ['from every cluster to itself', { from: 'each', to: 'own' }, names.map((name) => [[name], [name]])],
  ['from every cluster to those on other networks', { from: 'each', to: 'other networks' }, [
    [['cluster1'], ['cluster2', 'cluster3']], [['cluster2'], ['cluster1']], [['cluster3'], ['cluster1']],
  ]],
  ['from those that share a network to each other', { from: 'each', to: 'same network' }, [[['cluster2'], ['cluster3']], [['cluster3'], ['cluster2']]]],
  ['once about all clusters together', { from: 'mesh' }, [[names, names]]],
])('a check is planned %s', async (_how, of, expected) => {
  const { planned, skipped } = planChecks([checkOf(of)], await threeClusters(), everything)
  expect(planned).toEqual(expected.map(([from, to]) => ({ id: 'reach.local', from, to })))
  expect(new Set(planned.map(keyOf)).size).toBe(expected.length)
  expect(skipped).toEqual([])
})

test('what does not apply or was not selected is skipped with its reason, never dropped', async () => {
  const elsewhere = checkOf({ id: 'reach.elsewhere', applies: () => 'all clusters are on one network' })
  const { planned, skipped } = planChecks([elsewhere, checkOf({ id: 'reach.path', from: 'mesh' }), checkOf({ id: 'mtls.strict' })], await threeClusters(), (id) => id === 'reach.path')
  expect(planned.map(({ id }) => id)).toEqual(['reach.path'])
  expect(skipped).toMatchObject([
    { id: 'reach.elsewhere', verdict: 'skipped', reason: 'all clusters are on one network', from: names, attempts: [] },
    { id: 'mtls.strict', verdict: 'skipped', reason: 'not selected by --suite', from: names, attempts: [] },
  ])
})
