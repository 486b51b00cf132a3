import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { changeOf } from './events.ts'

const since = Date.parse('2026-01-01T00:00:00Z')
const pod = (name: string, { ready = false, ends = false, before = false } = {}): V1Pod => ({
  metadata: {
    namespace: 'app1',
    name,
    creationTimestamp: new Date(since + (before ? -60_000 : 1_000)),
    ...(ends ? { deletionTimestamp: new Date(since) } : {}),
  },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

test('each state of a pod is recorded once: created, ready, terminating, gone', () => {
  const states = new Map<string, string>()
  expect(
    [
      ['ADDED', pod('a')],
      ['MODIFIED', pod('a')],
      ['MODIFIED', pod('a', { ready: true })],
      ['MODIFIED', pod('a', { ready: true })],
      ['MODIFIED', pod('a', { ready: true, ends: true })],
      ['DELETED', pod('a', { ends: true })],
    ].map(([phase, changed]) => changeOf(states, phase as string, changed as V1Pod, since)),
  ).toEqual(['app1/a is not ready', undefined, 'app1/a is ready', undefined, 'app1/a is terminating', 'app1/a is gone'])
})

test('a pod that was there before is no news until it changes', () => {
  const states = new Map<string, string>()
  expect(changeOf(states, 'ADDED', pod('old', { ready: true, before: true }), since)).toBeUndefined()
  expect(changeOf(states, 'ADDED', pod('old', { ready: true, before: true }), since)).toBeUndefined()
  expect(changeOf(states, 'MODIFIED', pod('old', { before: true }), since)).toBe('app1/old is not ready')
})
