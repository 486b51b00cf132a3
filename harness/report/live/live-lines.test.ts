import { describe, expect, test } from 'vitest'
import { liveLines, type Size } from './live-lines.ts'
import { addProgress, type LiveState, nothingRuns } from './live-state.ts'

const plain = (_: unknown, text: string): string => text
const linesAt = (state: LiveState, seconds: number, size: Partial<Size> = {}): string[] =>
  liveLines(state, seconds * 1000, { columns: 100, rows: 24, ...size }, plain)

const building = (state: LiveState, seconds: number, bytes: number, of?: number): void => {
  addProgress(
    state,
    { building: ['kind'], done: 1, of: 4, remaining: 200, downloads: [{ name: 'kind', bytes, of }] },
    seconds * 1000,
  )
}

describe('the live lines', () => {
  test('are none where nothing is under way', () => {
    expect(linesAt(nothingRuns(), 0)).toEqual([])
  })

  test('show phases with a spinner and their time, and phases of several parts with a bar', () => {
    const state = nothingRuns()
    state.running.set('checks', { since: 0, parts: { done: 9, of: 36 } })
    state.running.set('mtls.wire', { since: 69_000 })
    expect(linesAt(state, 72)).toEqual([
      `⠋ checks 1 min 12 s  ${'━'.repeat(6)}${'─'.repeat(18)}  9 of 36`,
      '⠋ mtls.wire 3 s',
    ])
    expect(linesAt(state, 3 * 3600 + 120.4)[0]).toContain('⠸ checks 3 h 2 min')
  })

  test('show a build with a bar, what it builds, and what remains', () => {
    const state = nothingRuns()
    addProgress(state, { building: ['etcd', 'coredns'], done: 7, of: 14, remaining: 200 }, 0)
    expect(linesAt(state, 0)).toEqual([
      `  ${'━'.repeat(12)}${'─'.repeat(12)}  7 of 14, about 3 min 20 s remain: etcd, coredns`,
    ])
    addProgress(state, { building: [], done: 14, of: 14, remaining: 0 }, 1000)
    expect(linesAt(state, 1)).toEqual([])
  })

  test('show a download with its size, its speed in the last seconds, and what remains', () => {
    const state = nothingRuns()
    building(state, 0, 0, 60e6)
    expect(linesAt(state, 0)[1]).toBe(`  ${'─'.repeat(24)}  kind  0.0 of 60.0 MB`)
    for (const second of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) building(state, second, second * 1e6, 60e6)
    for (const second of [11, 12, 13, 14, 15]) building(state, second, 10e6 + (second - 10) * 2e6, 60e6)
    expect(linesAt(state, 15)[1]).toBe(
      `  ${'━'.repeat(8)}${'─'.repeat(16)}  kind  20.0 of 60.0 MB, 2.0 MB/s, about 20 s remain`,
    )
  })

  test('show that a download stands still, and begin anew where it does', () => {
    const state = nothingRuns()
    building(state, 0, 0, 60e6)
    building(state, 1, 5e6, 60e6)
    expect(linesAt(state, 20)[1]).toContain('kind  5.0 of 60.0 MB, 0.3 MB/s')
    building(state, 21, 1e6, 60e6)
    expect(linesAt(state, 21)[1]).toMatch(/kind {2}1\.0 of 60\.0 MB$/)
  })

  test('say of a download without a known size what has arrived', () => {
    const state = nothingRuns()
    building(state, 0, 0)
    building(state, 1, 3e6)
    expect(linesAt(state, 1)[1]).toBe('  kind  3.0 MB, 3.0 MB/s')
  })

  test.each([[100], [60], [30], [10], [1]])('fit a terminal of %i columns', (columns) => {
    const state = nothingRuns()
    state.running.set('gateway with mutual TLS off  cluster1: istio-system and intermediate of the shared root CA', {
      since: 0,
      parts: { done: 1, of: 2 },
    })
    building(state, 0, 1e6, 60e6)
    for (const line of linesAt(state, 75, { columns }))
      expect(Array.from(line).length).toBeLessThan(Math.max(columns, 1))
  })

  test('leave room for the printed lines on a low terminal, and say how many are left out', () => {
    const state = nothingRuns()
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) state.running.set(`check-${number}`, { since: 0 })
    expect(linesAt(state, 0)).toHaveLength(8)
    expect(linesAt(state, 0).at(-1)).toBe('  and 3 more')
    expect(linesAt(state, 0, { rows: 6 })).toEqual(['⠋ check-1 0 s', '⠋ check-2 0 s', '  and 8 more'])
  })
})
