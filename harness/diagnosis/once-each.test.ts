import { expect, test } from 'vitest'
import type { Finding } from './layer.ts'
import { onceEach } from './once-each.ts'

const finding = (where: string, line: string, clusters?: string[]): Finding => ({
  code: 'MP-892',
  where,
  evidence: [line],
  fix: '',
  ...(clusters ? { clusters } : {}),
})

test('what several clients show alike is one finding about all their clusters', () => {
  expect(
    onceEach([
      finding('shop', 'first', ['east']),
      finding('shop', 'second', ['west']),
      finding('cart', 'third'),
      finding('cart', 'fourth'),
    ]),
  ).toEqual([finding('shop', 'first', ['east', 'west']), finding('cart', 'third')])
})
