import { expect, test } from 'vitest'
import { answerIn } from './resolve.ts'

test('every address of a name counts once', () => {
  const stdout = '10.251.0.7   STREAM cart.shop.svc\n10.251.0.7   DGRAM  \nfd00::7      STREAM \n'
  expect(answerIn({ stdout, exitCode: 0 }, 0.1)).toEqual({ addresses: ['10.251.0.7', 'fd00::7'] })
})

test('a name that does not exist is told from a name server that does not answer', () => {
  expect(answerIn({ stdout: '', exitCode: 2 }, 0.1)).toEqual({ addresses: [] })
  expect(answerIn({ stdout: '', exitCode: 2 }, 4.1)).toBe('no answer')
})

test('without the program nothing is known', () => {
  expect(answerIn({ stdout: '', exitCode: 127 }, 0.1)).toBeUndefined()
})
