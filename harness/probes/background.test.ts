import { expect, test } from 'vitest'
import { timedAnswers } from './background.ts'

const answered = (version: string, time: string): string =>
  `Hello version: ${version}, instance: one\n\n\u001e${time}\t0.012\t200\t0\t\n`

test('every answer has its version, its moment and what it took; one without an answer has curl’s words', () => {
  const failed = '\n\u001e1700000003.250000\t3.000\t0\t28\tOperation timed out\n'
  expect(timedAnswers(`${answered('v1', '1700000000.125000')}${failed}${answered('v2', '1700000003.500000')}`)).toEqual(
    [
      { endedAt: 1_700_000_000_125, milliseconds: 12, status: 200, exit: 0, error: '', version: 'v1' },
      {
        endedAt: 1_700_000_003_250,
        milliseconds: 3000,
        status: 0,
        exit: 28,
        error: 'Operation timed out',
        version: undefined,
      },
      { endedAt: 1_700_000_003_500, milliseconds: 12, status: 200, exit: 0, error: '', version: 'v2' },
    ],
  )
})

test('a request that was on its way when all ended is left out, wherever its account is cut off', () => {
  const whole = answered('v1', '1700000000.125000')
  for (const cut of [
    'Hello version',
    '\n\u001e17000',
    '\n\u001e1700000001.1\t0.0',
    '\n\u001e1700000001.1\t0.0\t200\t0\t',
  ])
    expect(timedAnswers(`${whole}${cut}`)).toHaveLength(1)
  expect(timedAnswers('')).toEqual([])
})
