import { describe, expect, test } from 'vitest'
import { explain, type Problem } from './explain.ts'
import { findings, type FindingCode } from './findings.ts'
import { meshLayers } from '#results/mesh-layers.ts'

const problem = (code: FindingCode, where: string, more: Partial<Problem> = {}): Problem => {
  const meaning = findings[code]
  return {
    code,
    where,
    evidence: [],
    fix: '',
    layer: meaning.layer,
    rank: Object.keys(meshLayers).indexOf(meaning.layer),
    meaning,
    ...more,
  }
}

/** What explains what, by code, and the cause. */
const weighed = (...problems: Problem[]): { cause: string | undefined; follows: string[] } => {
  const { cause, followsFrom } = explain(problems, ['east', 'east-2', 'west'])
  return { cause: cause?.code, follows: [...followsFrom].map(([{ code }, reason]) => `${code} from ${reason}`) }
}

describe('the cause', () => {
  test('is the problem of the lowest layer, and those above about the same cluster follow from it', () => {
    expect(weighed(problem('MP-841', 'east, west'), problem('MP-912', 'shop', { clusters: ['west'] }))).toEqual({
      cause: 'MP-841',
      follows: ['MP-912 from MP-841'],
    })
  })

  test('is no symptom, even where the symptom is of a lower layer', () => {
    expect(weighed(problem('MP-873', 'west'), problem('MP-887', 'west istio-system/gateway'))).toEqual({
      cause: 'MP-887',
      follows: ['MP-873 from MP-887'],
    })
  })

  test('may be a symptom whose reason is known, or that nothing explains', () => {
    expect(weighed(problem('MP-873', 'west', { cause: 'the proxy refused a listener' })).cause).toBe('MP-873')
    expect(weighed(problem('MP-892', 'shop for east'), problem('MP-873', 'east'))).toEqual({
      cause: 'MP-873',
      follows: ['MP-892 from MP-873'],
    })
  })

  test('is not what shows only after a restart, as long as anything else is broken', () => {
    expect(weighed(problem('MP-858', 'west shop'), problem('MP-912', 'shop in west'))).toEqual({
      cause: 'MP-912',
      follows: [],
    })
    expect(weighed(problem('MP-858', 'west shop')).cause).toBe('MP-858')
  })

  test('of a cluster explains nothing in one whose name begins alike', () => {
    expect(weighed(problem('MP-855', 'east'), problem('MP-912', 'shop in east-2')).follows).toEqual([])
    expect(weighed(problem('MP-855', 'east-2: down'), problem('MP-912', 'shop in east-2')).follows).toEqual([
      'MP-912 from MP-855',
    ])
  })

  test('of one cluster explains nothing in another', () => {
    expect(weighed(problem('MP-855', 'east'), problem('MP-912', 'shop', { clusters: ['west'] })).follows).toEqual([])
  })

  test('is a lost node or name server beneath all layers, and not what it breaks below', () => {
    const node = problem('MP-968', 'west node-1', { beneath: true })
    const dns = problem('MP-971', 'west kube-system/kube-dns', { beneath: true })
    expect(weighed(problem('MP-851', 'west'), node, dns)).toEqual({
      cause: 'MP-968',
      follows: ['MP-851 from MP-968', 'MP-971 from MP-968'],
    })
    expect(weighed(problem('MP-851', 'east'), node)).toEqual({ cause: 'MP-851', follows: [] })
    expect(weighed(problem('MP-851', 'west'), problem('MP-968', 'west node-1')).cause).toBe('MP-851')
  })
})
