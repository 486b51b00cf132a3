import { expect, test } from 'vitest'
import { upgradeProbes } from '#testing/upgrade-probes.ts'
import { lane, runsOf } from './lane.ts'
import { laneGroups, probeWords } from './lane-groups.ts'

test(
  'a lane is a low line where all is well, higher where an answer was slow, with a mark on a loss and a bar where ' +
    'nothing was heard',
  () => {
    const { markup } = lane(
      [
        [10, 0, 10],
        [10, 0, 10],
        [10, 0, 1000],
        [9, 1, 10],
        [0, 0, 0],
        [0, 0, 0],
      ],
      8,
    )
    expect(markup).toContain('viewBox="0 0 8 16"')
    expect([...markup.matchAll(/class="(\w+)" d="([^"]*)"/g)].map(([, name, path]) => [name, path])).toEqual([
      ['slowest', 'M0 16v-4h2v-7h1v7h1v4h2V16z'],
      ['silent', 'M4 0h2v16h-2z'],
      ['lost', 'M3.5 0v16'],
    ])
  },
)

test('a probe that heard nothing in the last second, which is only a part of one, was not silent', () => {
  expect(
    lane(
      [
        [1, 0, 1],
        [0, 0, 0],
      ],
      2,
    ).markup,
  ).not.toContain('silent')
  expect(
    lane(
      [
        [1, 0, 1],
        [0, 0, 0],
      ],
      3,
    ).markup,
  ).toContain('<path class="silent" d="M1 0h1v16h-1z"')
})

test('seconds in a row are one run', () => {
  expect(
    runsOf(
      [
        [0, 0, 0],
        [1, 0, 1],
        [0, 0, 0],
        [0, 0, 0],
      ],
      ([good]) => good === 0,
    ),
  ).toEqual([
    [0, 1],
    [2, 2],
  ])
})

test('probes stand by direction, then by kind; what must be refused and what is outside the mesh come last', () => {
  const groups = laneGroups(upgradeProbes().toReversed())
  expect(groups).toHaveLength(6)
  expect(groups.slice(0, 4).every(({ title }, index) => title.startsWith('Within') === index > 1)).toBe(true)
  const refused = ['plaintext', 'wrong identity', 'wrong subset'].map((kind) => `${kind}, cluster1 → cluster2`)
  expect(groups.slice(4).map(({ title, probes }) => [title, probes.map(probeWords)])).toEqual([
    ['Must be refused', refused],
    ['Outside the mesh', ['outside, cluster2', 'outside, cluster1']],
  ])
  expect(groups[0]?.probes.map(probeWords)).toEqual([
    'new connection',
    'new connection, pods restarted',
    'new connection, no retries',
    'keep alive',
    'keep alive, no retries',
    'stream',
    'stream, no retries',
  ])
})
