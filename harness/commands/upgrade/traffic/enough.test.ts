import { expect, test } from 'vitest'
import { probeOf } from '#testing/upgrade-probes.ts'
import { enoughRequests } from './enough.ts'

const probes = [
  probeOf({ kind: 'keep-alive' }),
  probeOf({ kind: 'plaintext', expects: 'refusal' }),
  probeOf({ kind: 'stream' }),
]

/**
 * How often it is looked, after the phase began with these counts, until no more is waited for; the last counts stay.
 */
const looksAt = async (counts: number[][], patience?: number): Promise<number> => {
  let looks = -1
  const sent = async (): Promise<number[]> => counts[Math.min(++looks, counts.length - 1)] ?? []
  await (
    await enoughRequests({ probes, sent }, new AbortController().signal, patience)
  )()
  return looks
}

test('a phase lasts until each probe has sent what a verdict needs, whatever it had sent before', async () => {
  expect(
    await looksAt([
      [1000, 1000, 7],
      [1195, 1030, 7],
      [1204, 1030, 7],
    ]),
  ).toBe(2)
  expect(
    await looksAt([
      [1000, 1000, 7],
      [1204, 1019, 7],
      [1300, 1024, 7],
    ]),
  ).toBe(2)
  expect(
    await looksAt([
      [0, 0, 0],
      [300, 30, 0],
    ]),
  ).toBe(1)
})

test('a probe that sends nothing is not waited for without end', async () => {
  expect(
    await looksAt(
      [
        [0, 0, 0],
        [0, 30, 0],
      ],
      500,
    ),
  ).toBe(2)
})
