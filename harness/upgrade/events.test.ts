import { expect, test } from 'vitest'
import { changes } from './events.ts'

test('a pod that comes, becomes ready, is told to end and goes, is told of once each; one that stays as it is, is not', () => {
  const looks = [{ b: 'is ready' }, { a: 'is not ready', b: 'is ready' }, { a: 'is ready', b: 'is ready' }, { a: 'is ready', b: 'is told to end' }, { a: 'is ready' }].map((look) => new Map(Object.entries(look)))
  expect(looks.slice(1).map((now, index) => changes(looks[index]!, now))).toEqual([['a is not ready'], ['a is ready'], ['b is told to end'], ['b is gone']])
})
