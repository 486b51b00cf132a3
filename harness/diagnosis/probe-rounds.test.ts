import { expect, test } from 'vitest'
import { askInRounds } from './probe-rounds.ts'

/** Asks a service that loses the requests of these numbers. */
const asked = async (
  losesRequest: (number: number) => boolean,
  { reached = true, error = 'connection refused' } = {},
): Promise<[object, number]> => {
  let requests = 0
  const answers = await askInRounds(reached, () => Promise.resolve(losesRequest(++requests) ? error : ''))
  return [answers, requests]
}

test('a service that always answers is asked in one round', async () => {
  expect(await asked(() => false)).toEqual([{ answered: 21, of: 21, errors: [] }, 21])
})

test('a request that is lost once is an accident where a second round loses none', async () => {
  expect(await asked((number) => number === 3)).toEqual([{ answered: 21, of: 21, errors: [], lostBefore: 1 }, 42])
})

test('requests that are lost in both rounds are a fault', async () => {
  expect(await asked((number) => number % 15 === 0)).toEqual([
    { answered: 40, of: 42, errors: ['connection refused'] },
    42,
  ])
})

test('many lost requests are a fault at once', async () => {
  expect(await asked((number) => number % 7 === 0)).toEqual([
    { answered: 18, of: 21, errors: ['connection refused'] },
    21,
  ])
})

const silence = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'

test('many requests that are lost in silence are an accident where a second round loses none', async () => {
  expect(await asked((number) => number <= 6, { error: silence })).toEqual([
    { answered: 21, of: 21, errors: [], lostBefore: 6 },
    42,
  ])
})

test('many requests that are lost in silence in both rounds are a fault', async () => {
  expect(await asked((number) => number % 3 === 0, { error: silence })).toEqual([
    { answered: 28, of: 42, errors: [silence] },
    42,
  ])
})

test('a service that did not answer before is asked a few times', async () => {
  expect(await asked(() => true, { reached: false })).toEqual([
    { answered: 0, of: 4, errors: ['connection refused'] },
    4,
  ])
})
