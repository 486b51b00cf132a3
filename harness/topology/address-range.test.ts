import { expect, test } from 'vitest'
import { overlap, rangeProblem } from './address-range.ts'

test.each([
  ['10.10.0.0/16', '10.10.0.0/16', true],
  ['10.0.0.0/8', '10.252.0.0/16', true],
  ['10.10.255.0/24', '10.10.0.0/16', true],
  ['0.0.0.0/0', '172.18.0.0/16', true],
  ['10.10.0.7/32', '10.10.0.0/29', true],
  ['10.10.0.0/16', '10.11.0.0/16', false],
  ['10.10.0.0/17', '10.10.128.0/17', false],
  ['10.10.0.8/32', '10.10.0.0/29', false],
  ['172.18.0.0/16', '10.0.0.0/8', false],
])('%s and %s share an address: %s', (first, second, expected) => {
  expect([overlap(first, second), overlap(second, first)]).toEqual([expected, expected])
})

test.each([
  ['10.10.0.0/16'],
  ['10.10.7.0/24'],
  ['10.0.0.0/12'],
  ['172.16.0.0/12'],
  ['172.31.255.0/24'],
  ['192.168.0.0/16'],
])('%s is a range', (text) => {
  expect(rangeProblem(text, 12, 24)).toBeUndefined()
})

test.each([
  ['10.10.0.0', '“10.10.0.0” is not an IPv4 range such as 10.10.0.0/16'],
  ['10.10/16', '“10.10/16” is not an IPv4 range such as 10.10.0.0/16'],
  ['010.10.0.0/16', '“010.10.0.0/16” is not an IPv4 range such as 10.10.0.0/16'],
  ['10.10.0.0/33', '“10.10.0.0/33” is not an IPv4 range such as 10.10.0.0/16'],
  ['fd00:10::/16', '“fd00:10::/16” is not an IPv4 range such as 10.10.0.0/16'],
  ['10.10.0.5/16', '10.10.0.5/16 is not written as its first address and its size: 10.10.0.0/16'],
  ['10.10.0.0/016', '10.10.0.0/016 is not written as its first address and its size: 10.10.0.0/16'],
  ['10.0.0.0/11', '10.0.0.0/11 is too large: /12 to /24 will do'],
  ['10.0.0.0/25', '10.0.0.0/25 is too small: /12 to /24 will do'],
  ['172.32.0.0/16', '172.32.0.0/16 is not in private address space: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16'],
  ['192.168.0.0/15', '192.168.0.0/15 is not in private address space: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16'],
  ['100.64.0.0/16', '100.64.0.0/16 is not in private address space: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16'],
])('%s is no range for a cluster', (text, problem) => {
  expect(rangeProblem(text, 12, 24)).toBe(problem)
})
