import { expect, test } from 'vitest'
import { topologyVerdict, variantName, type Verdict } from './results.ts'

test.each<[Verdict[], Verdict]>([
  [['pass', 'pass'], 'pass'],
  [['pass', 'skipped'], 'pass'],
  [['skipped'], 'skipped'],
  [['pass', 'flaky', 'skipped'], 'flaky'],
  [['pass', 'flaky', 'not-run'], 'not-run'],
  [['not-run', 'fail', 'flaky', 'pass'], 'fail'],
  [[], 'not-run'],
])('checks that are %j make a topology %s', (verdicts, expected) => {
  expect(topologyVerdict(verdicts.map((verdict) => ({ verdict })))).toBe(expected)
  expect(topologyVerdict(verdicts.toReversed().map((verdict) => ({ verdict })))).toBe(expected)
})

test.each<['strict' | 'off', string]>([
  ['strict', 'vpn'],
  ['off', 'vpn with mutual TLS off'],
])('a variant with mutual TLS %s is called “%s”', (mtls, name) => {
  expect(variantName({ name: 'vpn', mtls })).toBe(name)
})
