import { expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import { errorOf } from '#testing/edge.ts'
import { NotNow, patiently, retryAfter } from './patience.ts'

const refused = new MeshproofError('MP-332', { what: 'refused', next: '' })

/** Tries something that fails with these errors first, and says what it waited and told. */
const trying = async (failures: unknown[]): Promise<{ waited: number[]; told: string[]; result: unknown }> => {
  const waited: number[] = []
  const told: string[] = []
  const left = [...failures]
  const result = await patiently(
    async () => {
      if (left.length > 0) throw left.shift()
      return 'done'
    },
    { tell: (line) => told.push(line), pause: async (milliseconds) => waited.push(milliseconds) },
  ).catch((error: unknown) => error)
  return { waited, told, result }
}

test('what may succeed later is tried again after growing pauses, and each is told until it is over', async () => {
  const { waited, told, result } = await trying([
    new NotNow(refused, 'HTTP 503'),
    new NotNow(refused, 'HTTP 503'),
    new NotNow(refused, 'HTTP 503'),
  ])
  expect(result).toBe('done')
  expect(waited).toEqual([1_000, 2_000, 4_000])
  expect(told).toEqual(['HTTP 503, again in 1 s', '', 'HTTP 503, again in 2 s', '', 'HTTP 503, again in 4 s', ''])
})

test('the pause that is asked for is kept to, and one of an hour ends it', async () => {
  expect(await trying([new NotNow(refused, 'HTTP 429', 7_000)])).toMatchObject({ waited: [7_000], result: 'done' })
  expect(await trying([new NotNow(refused, 'HTTP 429', 3_600_000)])).toEqual({ waited: [], told: [], result: refused })
})

test('it ends with the last error after about a minute', async () => {
  const { waited, result } = await trying(Array.from({ length: 50 }, () => new NotNow(refused, 'HTTP 503')))
  expect(result).toBe(refused)
  expect(waited.reduce((sum, milliseconds) => sum + milliseconds)).toBe(63_000)
})

test('any other error ends it at once', async () => {
  const broken = new Error('broken')
  expect(await trying([broken])).toEqual({ waited: [], told: [], result: broken })
})

test('a pause ends when the run is stopped', async () => {
  const attempt = async (): Promise<never> => {
    throw new NotNow(refused, 'HTTP 503', 60_000)
  }
  expect(await errorOf(patiently(attempt, { signal: AbortSignal.timeout(20) }))).toMatchObject({ code: 'MP-130' })
})

test.each([
  ['3', 3_000],
  ['0', 0],
  ['Sun, 22 Nov 2026 06:00:10 GMT', 10_000],
  ['Sun, 22 Nov 2026 05:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (header, expected) => {
  expect(retryAfter(header, Date.parse('2026-11-22T06:00:00Z'))).toBe(expected)
})
