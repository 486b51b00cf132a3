import type { JudgeTest } from '#results/results.ts'
import { inOneLine } from '#results/text.ts'

// What `go test -v` prints: `=== RUN   TestA/b` before a test, `=== NAME  TestA/b` where one goes on, its messages as
// `    file_test.go:12: …`, and `--- PASS: TestA/b (0.02s)` after it.

const beginning = /^=== (?:RUN|CONT|NAME)\s+(\S+)/
const ending = /^\s*--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)$/
const message = /^\s+\S+\.go:\d+: (.*)$/
/** How much of a reason is kept, in characters: a test may print an answer as a whole. */
const longest = 600

const verdicts = { PASS: 'pass', FAIL: 'fail', SKIP: 'skipped' } as const

type Seen = { messages: string[]; end?: Pick<JudgeTest, 'verdict' | 'seconds'> }

/**
 * The tests in a log of Go’s tests, in their order: each test without tests below it, and each that failed by itself.
 * A test without an end did not run.
 */
export const testsInLog = (log: string): JudgeTest[] => {
  const seen = readTests(log)
  const parents = new Set([...seen.keys()].flatMap(parentsOf))
  const failedBelow = new Set([...seen].flatMap(([name, { end }]) => (end?.verdict === 'fail' ? parentsOf(name) : [])))
  return [...seen]
    .filter(([name, { end }]) => !parents.has(name) || (end?.verdict === 'fail' && !failedBelow.has(name)))
    .map(([name, { messages, end }]): JudgeTest => {
      const { verdict, seconds } = end ?? { verdict: 'not-run' as const, seconds: 0 }
      return { name, verdict, reason: inOneLine(reasonFor(verdict, messages)).slice(0, longest), seconds }
    })
}

const readTests = (log: string): Map<string, Seen> => {
  const seen = new Map<string, Seen>()
  const ofName = (name: string): Seen => {
    const known = seen.get(name) ?? { messages: [] }
    seen.set(name, known)
    return known
  }
  let current: Seen | undefined
  for (const line of log.split('\n')) {
    const end = ending.exec(line)
    if (end) {
      const [, word = '', name = '', seconds] = end
      ofName(name).end = { verdict: verdicts[word as keyof typeof verdicts], seconds: Number(seconds) }
      current = undefined
      continue
    }
    const begun = beginning.exec(line)?.[1]
    if (begun !== undefined) current = ofName(begun)
    else {
      const said = message.exec(line)?.[1]
      if (said !== undefined) current?.messages.push(said)
    }
  }
  return seen
}

/** The names of the tests around a test: `TestA` and `TestA/b` for `TestA/b/c`. */
const parentsOf = (name: string): string[] => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))

const reasonFor = (verdict: JudgeTest['verdict'], messages: string[]): string => {
  if (verdict === 'pass') return ''
  if (verdict === 'not-run') return 'the judge ended before it did'
  return messages.at(-1) ?? (verdict === 'skipped' ? 'it skipped itself' : 'the log has no reason')
}

/** Why a program ended before its tests: the error of its set-up, or the last line that it printed. */
export const endOfProgram = (log: string): string => {
  const lines = log.split('\n')
  const setUp = lines.findIndex((line) => line.includes('Test setup error:'))
  const words =
    setUp === -1
      ? lines.findLast((line) => line.trim() !== '' && !/^(FAIL|PASS|exit|---|===)/.test(line))
      : lines
          .slice(setUp, setUp + 3)
          .join(' ')
          .replace(/^.*Test setup error:/, 'its set-up failed:')
  return inOneLine(words ?? 'it printed nothing').slice(0, longest)
}
