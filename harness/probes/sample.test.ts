import { describe, expect, test } from 'vitest'
import type { Answer } from './curl.ts'
import { allRefused, allSeen, answersOf, chanceToMiss, enoughFor, plausible, sample } from './sample.ts'

const answer = (version: string): Answer => ({
  status: 200,
  version,
  exit: 0,
  error: '',
  remote: '10.251.7.9',
  connected: true,
  seconds: 0.02,
})
const refused: Answer = {
  status: 0,
  version: undefined,
  exit: 7,
  error: 'Failed to connect',
  remote: '',
  connected: false,
  seconds: 0.01,
}
const unavailable: Answer = { ...answer('v1'), status: 503, version: undefined }
const times = (count: number, repeated: Answer): Answer[] => Array.from({ length: count }, () => repeated)

describe('the answers of a sample', () => {
  test('are counted by version', () => {
    const answers = answersOf([...times(10, answer('v2')), ...times(11, answer('v1'))])
    expect(answers).toMatchObject({
      ok: 21,
      statuses: [200],
      versions: ['v1', 'v2'],
      summary: '21 of 21  v1 11, v2 10',
    })
  })

  test('that failed are told apart by status and by curl’s code', () => {
    const answers = answersOf([answer('v1'), answer('v1'), unavailable, refused])
    expect(answers).toMatchObject({
      ok: 2,
      statuses: ['no answer', 200, 503],
      versions: ['v1'],
      summary: '2 of 4  curl 7 1, status 503 1, v1 2',
    })
  })

  test.each([
    ['both versions', [answer('v2'), answer('v1')], true],
    ['one version', [answer('v1'), answer('v1')], false],
    ['one version too many', [answer('v1'), answer('v2'), answer('v3')], false],
    ['both and a failure', [answer('v1'), answer('v2'), unavailable], false],
  ])('with %s show v1 and v2, and no more: %s', (_what, answers, expected) => {
    expect(allSeen(['v2', 'v1'])(answersOf(answers))).toBe(expected)
  })

  test.each([
    ['none got through', [refused, refused], true],
    ['one got through', [refused, answer('v1')], false],
    ['one was turned away by a proxy', [refused, unavailable], false],
  ])('are all refused when %s: %s', (_what, answers, expected) => {
    expect(allRefused(answersOf(answers))).toBe(expected)
  })
})

describe('a sample', () => {
  const asking = (...batches: Answer[][]): { asked: number[]; ask: (count: number) => Promise<Answer[]> } => {
    const asked: number[] = []
    return {
      asked,
      ask: async (count) => {
        asked.push(count)
        return batches.shift() ?? []
      },
    }
  }

  const settled = [...times(10, answer('v1')), ...times(11, answer('v2'))]
  const unsettled = times(21, answer('v1'))

  test('follows a batch that looks as expected, and is judged as it is although it is worse', async () => {
    const { asked, ask } = asking([...settled, ...times(21, answer('v1'))])
    expect(await sample(ask, allSeen(['v1', 'v2']))).toMatchObject({
      versions: ['v1'],
      summary: '21 of 21  v1 21',
      settled: { batches: 1, inTime: true },
    })
    expect(asked).toEqual([21 + 21])
  })

  test('is thrown away with a batch that does not, although it is better', async () => {
    const { asked, ask } = asking([...unsettled, ...settled], [...settled, ...times(16, answer('v2'))])
    expect(await sample(ask, allSeen(['v1', 'v2']), { count: 16 })).toMatchObject({
      versions: ['v2'],
      settled: { batches: 2, inTime: true },
    })
    expect(asked).toEqual([37, 37])
  })

  test('is judged as well when the time to settle is up, and says that it was', async () => {
    const { asked, ask } = asking([...times(8, answer('v1')), ...settled])
    expect(await sample(ask, allSeen(['v1', 'v2']), { within: 0, batch: 8, count: 21 })).toMatchObject({
      versions: ['v1', 'v2'],
      settled: { batches: 1, inTime: false },
    })
    expect(asked).toEqual([29])
  })

  test('that ended early is judged by what there is', async () => {
    const { ask } = asking([answer('v1'), refused])
    expect(await sample(ask, allSeen(['v1', 'v2']), { within: 0 })).toMatchObject({
      statuses: ['no answer', 200],
      ok: 1,
    })
  })

  test('is not taken once the run was stopped', async () => {
    const stop = new AbortController()
    const asked: number[] = []
    const ask = async (count: number): Promise<Answer[]> => {
      asked.push(count)
      stop.abort()
      return []
    }
    await expect(sample(ask, () => false, { signal: stop.signal })).rejects.toThrow(/interrupted/)
    expect(asked).toHaveLength(1)
  })
})

describe('a sample’s size', () => {
  test.each([
    [1, 21],
    [2, 21],
    [3, 37],
    [4, 53],
  ])('for %i versions is %i', (versions, requests) => {
    expect(enoughFor(versions)).toBe(requests)
    expect(chanceToMiss(versions, requests)).toBeLessThanOrEqual(1e-6)
  })
})

describe('a count', () => {
  test.each([
    [40, true],
    [25, true],
    [60, true],
    [14, false],
    [100, false],
    [0, false],
    [200, false],
  ])('of %i in 200 for a share of a fifth is plausible: %s', (count, expected) => {
    expect(plausible(count, 200, 0.2)).toBe(expected)
  })
})
