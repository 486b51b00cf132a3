import { describe, expect, test } from 'vitest'
import { endOfProgram, testsInLog } from './test-log.ts'

const namesOf = (log: string): string[] => testsInLog(log).map(({ name, verdict }) => `${name} ${verdict}`)

describe('the log of Go’s tests', () => {
  test('has each test without tests below it', () => {
    const log = `2026-11-29T20:08:13Z	info	tf	=== BEGIN: Deploy Istio ===
=== RUN   TestClusterLocal
=== RUN   TestClusterLocal/subsets
=== RUN   TestClusterLocal/subsets/primary-0
=== PAUSE TestClusterLocal/subsets/primary-0
=== CONT  TestClusterLocal/subsets/primary-0
--- PASS: TestClusterLocal/subsets/primary-0 (1.66s)
--- PASS: TestClusterLocal/subsets (0.59s)
--- PASS: TestClusterLocal (5.61s)
=== RUN   TestVm
    vm_test.go:44: VM tests are disabled
--- SKIP: TestVm (0.00s)
`
    expect(testsInLog(log)).toEqual([
      { name: 'TestClusterLocal/subsets/primary-0', verdict: 'pass', reason: '', seconds: 1.66 },
      { name: 'TestVm', verdict: 'skipped', reason: 'VM tests are disabled', seconds: 0 },
    ])
  })

  test('has the ends of tests where Go prints them: below the test around them', () => {
    const log = `=== RUN   TestA
=== RUN   TestA/b
--- FAIL: TestA (2.00s)
    --- FAIL: TestA/b (1.00s)
`
    expect(namesOf(log)).toEqual(['TestA/b fail'])
  })

  test('has a test that fails by itself, though the tests below it pass', () => {
    const log = `=== RUN   TestA
=== RUN   TestA/b
--- PASS: TestA/b (1.00s)
=== NAME  TestA
    a_test.go:3: it could not clean up
--- FAIL: TestA (2.00s)
`
    expect(testsInLog(log)).toMatchObject([
      { name: 'TestA', verdict: 'fail', reason: 'it could not clean up' },
      { name: 'TestA/b', verdict: 'pass' },
    ])
  })

  test('has the last message of a test as its reason, in one line', () => {
    const log = `=== RUN   TestA
    a_test.go:3: first
=== RUN   TestB
    b_test.go:9: of another
=== NAME  TestA
    a_test.go:5: expected X-Forwarded-Client-Cert\u001b[31m
        [0] StatusCode=200
--- FAIL: TestA (2.00s)
--- PASS: TestB (2.00s)
`
    expect(testsInLog(log)[0]?.reason).toMatch(/^expected X-Forwarded-Client-Cert[^\u001b]*$/)
  })

  test('that breaks off has tests that did not run', () => {
    expect(testsInLog('=== RUN   TestA\n=== RUN   TestA/b\n')).toEqual([
      { name: 'TestA/b', verdict: 'not-run', reason: 'the judge ended before it did', seconds: 0 },
    ])
  })

  test('without tests has none', () => {
    expect(testsInLog('')).toEqual([])
  })
})

describe('the end of a program', () => {
  test.each([
    [
      'error	tf	Test setup error: 1 error occurred:\n	* failed deploying echo\n\ninfo	tf	exit',
      'its set-up failed: 1 error occurred: * failed deploying echo',
    ],
    ['=== RUN   TestA\npanic: no way\nexit status 2', 'panic: no way'],
    ['', 'it printed nothing'],
  ])('%j is “%s”', (log, reason) => {
    expect(endOfProgram(log).replaceAll(/\s+/g, ' ')).toBe(reason)
  })
})
