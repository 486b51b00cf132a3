import { expect, test } from 'vitest'
import { failureReason } from './difference.ts'

const reasonOfFailing = (assertion: () => void): string => {
  try {
    assertion()
  } catch (error) {
    return failureReason(error)
  }
  return 'no failure'
}

test.each<[string, () => void, string]>([
  [
    'lists name what is missing and what is too much',
    () => {
      expect(['10.1.0.4:80', '10.2.0.9:80'], 'wrong endpoints').toEqual(['10.1.0.4:80', '192.0.2.1:15443'])
    },
    'wrong endpoints: missing 192.0.2.1:15443; unexpected 10.2.0.9:80',
  ],
  [
    'a long list is shortened, and says so',
    () => {
      expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'pods').toEqual([])
    },
    'pods: unexpected a, b, c, d, e and 2 more',
  ],
  [
    'objects name the fields that differ',
    () => {
      expect({ sidecar: true, cluster: 'cluster1' }, 'the sidecar').toEqual({ sidecar: true, cluster: 'cluster2' })
    },
    'the sidecar: cluster is cluster1, not cluster2',
  ],
  [
    'numbers and texts name both',
    () => {
      expect(3, 'answers').toBe(8)
    },
    'answers: 3, not 8',
  ],
  [
    'true and false add nothing to the sentence before them',
    () => {
      expect(false, 'the port is closed').toBe(true)
    },
    'the port is closed',
  ],
  [
    'another relation than equality keeps its words',
    () => {
      expect(0, 'answers').toBeGreaterThan(0)
    },
    'answers: expected 0 to be greater than 0',
  ],
  [
    'what has no such difference keeps its words',
    () => {
      expect(['v1'], 'the versions').toContain('v2')
    },
    "the versions: expected [ 'v1' ] to include 'v2'",
  ],
])('%s', (_what, assertion, reason) => {
  expect(reasonOfFailing(assertion)).toBe(reason)
})

test('an error that is no assertion keeps its reason', () => {
  expect(failureReason(new Error('no answer: expected nothing'))).toBe('no answer: expected nothing')
})
