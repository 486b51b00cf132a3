import { expect, test } from 'vitest'
import { versionAsked } from './version.ts'

const versions = ['v1.34.4', 'v1.33.13', 'v1.33.1', 'v1.32.2']

test.each([
  ['1.33', 'v1.33.13'],
  ['v1.33', 'v1.33.13'],
  ['1.33.13', 'v1.33.13'],
  ['v1.33.1', 'v1.33.1'],
  ['1.34', 'v1.34.4'],
  ['1.3', undefined],
  ['1.33.2', undefined],
  ['1.331', undefined],
  ['33', undefined],
])('%s is %s', (asked, version) => {
  expect(versionAsked(versions, asked)).toBe(version)
})
