import { describe, expect, test } from 'vitest'
import { because, causeIn, causes, type CauseCode } from './causes.ts'

const bands = {
  70: 'protocol',
  71: 'network',
  72: 'trust',
  73: 'control',
  74: 'discovery',
  75: 'reach',
  76: 'route',
  77: 'mtls',
  78: 'failover',
  79: 'resilience',
  // Bands of two digits are used up.
  785: 'locality',
  786: 'locality',
  787: 'locality',
}
const codes = Object.keys(causes) as CauseCode[]

test('the band of every code is its layer', () => {
  const strays = codes.filter(
    (code) =>
      !Object.entries(bands).some(([band, layer]) => code.startsWith(`MP-${band}`) && causes[code].layer === layer),
  )
  expect(codes.length).toBeGreaterThan(0)
  expect(strays).toEqual([])
})

describe('the code of an assertion', () => {
  test('is read back from what it says, also through the test runner', () => {
    expect(codes.filter((code) => causeIn(because(code)) !== code)).toEqual([])
    expect(causeIn(`AssertionError: ${because('MP-752')}: expected [ 'v1' ] to deeply equal [ 'v1', 'v2' ]`)).toBe(
      'MP-752',
    )
  })

  test.each(['expected 1 to be 2', 'MP-700 no cause', 'MP-7521 too long', 'the log says MP-752', ''])(
    'is not found in “%s”',
    (message) => {
      expect(causeIn(message)).toBeUndefined()
    },
  )
})
