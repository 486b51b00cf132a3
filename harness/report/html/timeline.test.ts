import { expect, test } from 'vitest'
import { topologyResult } from '#testing/results.ts'
import { spansOf, timeline } from './timeline.ts'

const phase = (name: string, second: number, seconds: number, verdict: 'pass' | 'fail' = 'pass') => ({
  name,
  startedAt: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
  seconds,
  verdict,
})

test('phases are in the order they began, and overlapping ones overlap', () => {
  const { spans, cut } = spansOf([phase('checks', 30, 10), phase('cluster1', 0, 30), phase('cluster2', 5, 10)])
  expect(spans.map(({ name, start, end }) => [name, start, end])).toEqual([
    ['cluster1', 0, 30],
    ['cluster2', 5, 15],
    ['checks', 30, 40],
  ])
  expect(cut).toBe(0)
})

test('time in which nothing of the lab ran is cut out, and the page says so', () => {
  const phases = [phase('images', 0, 1), phase('cluster1', 161, 10), phase('cluster2', 163, 20)]
  expect(spansOf(phases).spans.map(({ start, end }) => [start, end])).toEqual([
    [0, 1],
    [1, 11],
    [3, 23],
  ])
  expect(timeline(topologyResult([], { phases })).markup).toContain('Not shown: 2 min 40 s')
})

test('a phase that failed says so in a word', () => {
  expect(timeline(topologyResult([], { phases: [phase('cluster1', 0, 1, 'fail')] })).markup).toContain('✗ failed')
  expect(timeline(topologyResult([])).markup).toContain('No phase began')
})
