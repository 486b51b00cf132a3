import { expect, test } from 'vitest'
import { missingIn } from './capabilities.ts'

const status = (bounding: string): string =>
  `Name:\tnode\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapBnd:\t${bounding}\nCapAmb:\t0000000000000000\n`

test.each([
  ['000001ffffffffff', []],
  ['000001fffeffffff', ['CAP_SYS_RESOURCE']],
  ['000001ffffdfffff', ['CAP_SYS_ADMIN']],
  ['000000fffffffffe', ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE']],
])('a bounding set of %s lacks %j', (mask, missing) => {
  expect(missingIn(status(mask))).toEqual(missing)
})

test('a status that says nothing of capabilities lacks none', () => {
  expect(missingIn('Name:\tnode\n')).toEqual([])
})
