import { describe, expect, test } from 'vitest'
import { layers, CheckDiagnosis, type CheckResult, type CheckLayer, type Verdict } from './results.ts'
import { because, causes } from './causes.ts'
import { diagnose, firstBroken } from './explain.ts'

const result = (
  layer: CheckLayer,
  id: string,
  reason = '',
  verdict: Verdict = reason ? 'fail' : 'pass',
): CheckResult => ({
  id: `${layer}.${id}`,
  layer,
  title: `${id} holds`,
  from: ['cluster1'],
  to: ['cluster2'],
  verdict,
  reason,
  source: 'seed 000',
  attempts: [],
})

const diagnosed = (checks: CheckResult[], id: string): CheckDiagnosis | undefined =>
  checks.find((check) => check.id === id)?.diagnosis

describe('a diagnosis', () => {
  test('of a failure above the first broken layer is that layer’s cause', () => {
    const { layer, cause, fix } = causes['MP-721']
    const ofTrust = { code: 'MP-721', layer, cause, hint: fix }
    const checks = diagnose([
      result('mtls', 'strict', because('MP-771')),
      result('trust', 'one-root', because('MP-721')),
      result('network', 'separate'),
      result('reach', 'both', because('MP-752')),
    ])
    expect(diagnosed(checks, 'trust.one-root')).toEqual(ofTrust)
    const follows = {
      ...ofTrust,
      cause: `follows from trust.one-root: ${causes['MP-721'].cause}`,
    }
    expect(diagnosed(checks, 'reach.both')).toEqual(follows)
    expect(diagnosed(checks, 'mtls.strict')).toEqual(follows)
    expect(diagnosed(checks, 'network.separate')).toBeUndefined()
  })

  test('of each failure in the first broken layer is its own', () => {
    const checks = diagnose([
      result('control', 'watched', because('MP-732')),
      result('control', 'synced', because('MP-735')),
      result('reach', 'both', because('MP-752')),
    ])
    expect(checks.map(({ diagnosis }) => diagnosis?.code)).toEqual(['MP-732', 'MP-735', 'MP-732'])
  })

  test('of a check whose assertion blames a lower layer is in that layer', () => {
    const checks = diagnose([
      result('discovery', 'endpoints', because('MP-741')),
      result('mtls', 'strict', because('MP-712')),
    ])
    expect(diagnosed(checks, 'mtls.strict')).toMatchObject({
      code: 'MP-712',
      layer: 'network',
      cause: causes['MP-712'].cause,
    })
    expect(diagnosed(checks, 'discovery.endpoints')).toMatchObject({
      code: 'MP-712',
      cause: expect.stringContaining('follows from mtls.strict'),
    })
  })

  test('of an assertion that names no cause says which sentence does not hold', () => {
    const [check] = diagnose([result('route', 'pinned', 'expected 3 to be 21')])
    expect(check?.diagnosis).toMatchObject({
      code: 'MP-700',
      layer: 'route',
      cause: expect.stringContaining('pinned holds'),
    })
    expect(CheckDiagnosis.safeParse(check?.diagnosis).success).toBe(true)
  })

  test('is for failures alone, and found among failures alone', () => {
    const flaky = result('network', 'separate', because('MP-712'), 'flaky')
    const [, failure] = diagnose([flaky, result('reach', 'both', because('MP-752'))])
    expect(failure?.diagnosis).toMatchObject({ code: 'MP-752', cause: causes['MP-752'].cause })
    const checks = layers.map((layer, index) =>
      result(layer, 'x', 'a reason', (['pass', 'flaky', 'skipped', 'not-run'] as const)[index % 4]),
    )
    expect(diagnose(checks)).toEqual(checks)
    expect(firstBroken(diagnose(checks))).toBeUndefined()
  })
})

test('the first broken layer comes with the check that found it, wherever it is in the list', () => {
  const checks = [
    result('reach', 'both', because('MP-752')),
    result('mtls', 'strict', because('MP-731')),
    result('control', 'synced', because('MP-735')),
  ]
  const { layer, cause, fix } = causes['MP-731']
  expect(firstBroken(diagnose(checks))).toEqual({ code: 'MP-731', layer, cause, hint: fix, check: 'mtls.strict' })
})
