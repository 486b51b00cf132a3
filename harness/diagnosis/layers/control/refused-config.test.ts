import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { refusedConfig } from '#probes/istiod-log.ts'
import { lacks } from './refused-config.ts'

const active = {
  connectTimeout: '10s',
  trustDomain: 'cluster.local',
  enableTracing: true,
  defaultConfig: { meshId: 'mesh1', concurrency: 2 },
  discoverySelectors: [{ matchLabels: { team: 'shop' } }],
}

test.each([
  ['a key that istiod does not have', 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}', true],
  ['another value', 'trustDomain: example.org', true],
  ['another value deep inside', 'defaultConfig: {meshId: mesh2}', true],
  ['one selector more', 'discoverySelectors: [{matchLabels: {team: shop}}, {matchLabels: {team: bank}}]', true],
  ['a boolean where a text is meant', 'discoverySelectors: [{matchLabels: {team: true}}]', true],
  ['the same', 'trustDomain: cluster.local\ndefaultConfig: {concurrency: 2}', false],
  ['less', 'enableTracing: true', false],
  ['what istiod leaves out', 'disableMxALPN: false\nlocalityLbSetting:\naccessLogFile: ""', false],
  ['a length of time in another spelling', 'connectTimeout: 10000ms', false],
  ['nothing', '', false],
])('a mesh config with %s', (_what, written, expected) => {
  expect(lacks(active, parse(written))).toBe(expected)
})

test('what istiod refused last is told in its words', () => {
  const line = (second: number, words: string): string => `2026-11-29T06:53:0${second}.5Z\twarn\t${words}`
  const log = [
    line(1, 'invalid mesh config, using last known state: first'),
    line(2, 'invalid mesh networks, using last known state: second'),
    line(3, 'something else'),
  ].join('\n')
  expect(refusedConfig(log)).toEqual({
    words: expect.stringContaining('second') as string,
    at: '2026-11-29T06:53:02',
  })
  expect(refusedConfig(line(1, 'all is well'))).toBeUndefined()
})
