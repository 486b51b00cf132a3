import { expect, test } from 'vitest'
import { minorOf, releaseOf, versionAsked } from './version.ts'

const versions = ['v1.34.4', 'v1.33.13', 'v1.33.1', 'v1.32.2', '1.31-dev']

test.each([
  ['1.33', 'v1.33.13'],
  ['v1.33', 'v1.33.13'],
  ['1.33.13', 'v1.33.13'],
  ['v1.33.1', 'v1.33.1'],
  ['1.34', 'v1.34.4'],
  ['1.31', '1.31-dev'],
  ['1.31-dev', '1.31-dev'],
  ['1.31-de', undefined],
  ['1.31.0', undefined],
  ['1.3', undefined],
  ['1.33.2', undefined],
  ['1.331', undefined],
  ['33', undefined],
])('%s is %s', (asked, version) => {
  expect(versionAsked(versions, asked)).toBe(version)
})

test.each([
  ['1.30.4', '1.30.4'],
  ['v1.34.11', '1.34.11'],
  ['1.30.4-distroless', '1.30.4'],
  ['1.31.0-rc.1', '1.31.0'],
  ['1.30', '1.30.0'],
  ['1.31-dev-6e21c2bd77-dirty', '1.31.0'],
  ['canary', undefined],
  ['build-1.30.4', undefined],
  ['latest', undefined],
  ['20261121', undefined],
  ['2.0.1', undefined],
  ['', undefined],
])('the release of the tag %s is %s', (tag, release) => {
  expect(releaseOf(tag)?.version).toBe(release)
  expect(minorOf(tag)).toBe(release === undefined ? undefined : Number(release.split('.')[1]))
})
