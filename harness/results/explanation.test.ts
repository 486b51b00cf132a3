import { diagnosisCodes } from '#codes/index.ts'
import { describe, expect, test } from 'vitest'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { checkResult } from '#testing/results.ts'
import { explainedBy, explanationOf, isMeasured, laterTroubles, narrowedTo } from './explanation.ts'
import { diagnose } from './explain.ts'
import type { CheckResult } from './results.ts'

const red = diagnose([
  checkResult(),
  checkResult({ id: 'reach.both-versions', layer: 'reach', verdict: 'fail', from: ['cluster1'], to: ['cluster2'] }),
])
const gateway = { code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const

describe('checks that failed', () => {
  test('are explained by the cause of the diagnosis', () => {
    const diagnosis = diagnosisWith([{ ...gateway, layer: 'gateways' }], { layer: 'gateways', ...gateway })
    expect(explanationOf({ checks: red, diagnosis })).toMatchObject({
      code: 'MP-887',
      layerName: 'gateways and the way to them',
      where: 'cluster2 istio-system/gateway',
    })
    expect(narrowedTo({ checks: red, diagnosis })).toBeUndefined()
    expect(explainedBy({ checks: red, diagnosis })).toBe(
      'explained by MP-887: a gateway has no ready pod behind its service (cluster2 istio-system/gateway)',
    )
    expect(explainedBy({ checks: red })).toBeUndefined()
  })

  test('are explained by a warning of what clients see, and not by one of something else', () => {
    const near = { layer: 'endpoints', code: 'MP-897', where: 'shop', severity: 'warning' } as const
    expect(explanationOf({ checks: red, diagnosis: diagnosisWith([near]) })).toMatchObject({ code: 'MP-897' })
    const later = { layer: 'trust', code: 'MP-845', where: 'cluster1', severity: 'warning' } as const
    expect(explanationOf({ checks: red, diagnosis: diagnosisWith([later]) })).toBeUndefined()
  })

  test('of the network are not explained by a symptom of the mesh', () => {
    const checks = diagnose([
      checkResult({ id: 'net.gateway-open', layer: 'network', verdict: 'fail', reason: 'MP-718 large packets' }),
    ])
    const { cause } = diagnosisCodes['MP-872']
    const stale = { layer: 'sync', code: 'MP-872', where: 'cluster1', cause } as const
    const diagnosis = diagnosisWith([stale], stale)
    expect(explanationOf({ checks, diagnosis })).toBeUndefined()
    expect(narrowedTo({ checks, diagnosis })).toMatchObject({ id: 'net.gateway-open' })
    expect(explanationOf({ checks: red, diagnosis })).toMatchObject({ code: 'MP-872' })
  })

  test('are narrowed to the first of them where nothing explains them, if somebody looked', () => {
    expect(narrowedTo({ checks: red, diagnosis: diagnosisWith([]) })).toMatchObject({ id: 'reach.both-versions' })
    expect(narrowedTo({ checks: red })).toBeUndefined()
  })

  test('explain themselves where they measured the cause', () => {
    const narrowed = (reason: string): CheckResult | undefined => {
      const check = checkResult({ id: 'net.gateway-open', layer: 'network', verdict: 'fail', reason })
      return narrowedTo({ checks: diagnose([check]), diagnosis: diagnosisWith([]) })
    }
    expect(isMeasured(narrowed('MP-718 large packets')!)).toBe(true)
    expect(isMeasured(narrowed('MP-712 closed')!)).toBe(false)
    expect(isMeasured(narrowed('something else')!)).toBe(false)
  })
})

test('checks that passed leave what will hurt later, and not what follows from it', () => {
  const diagnosis = diagnosisWith([
    { ...gateway, layer: 'gateways' },
    { layer: 'endpoints', code: 'MP-892', where: 'shop', followsFrom: 'MP-887' },
  ])
  expect(laterTroubles({ checks: [checkResult()], diagnosis }).map(({ code }) => code)).toEqual(['MP-887'])
  expect(laterTroubles({ checks: red, diagnosis })).toEqual([])
  expect(explanationOf({ checks: [checkResult()], diagnosis })).toBeUndefined()
})
