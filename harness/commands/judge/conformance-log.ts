import type { JudgeTest } from '#results/results.ts'
import { inOneLine } from '#results/text.ts'

// What `go test -v` prints: `=== RUN   TestConformance/MeshBasic` before a test, `--- PASS: … (0.02s)` after it, and
// between them the lines of the test. Tests below it have longer names.

const beginning = /^=== (?:RUN|CONT|NAME)\s+TestConformance\/([^/\s]+)/
const ending = /^\s*--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \(([\d.]+)s\)$/
/** How much of a reason is kept, in characters: a program may print an answer as a whole. */
const longest = 600

const verdicts = { PASS: 'pass', FAIL: 'fail', SKIP: 'skipped' } as const

/**
 * The tests for meshes in the log of the conformance tests, in their order. Tests for gateways are left out: the
 * program skips them all. A test without an end did not run.
 */
export const testsIn = (log: string): JudgeTest[] => {
  const lines = new Map<string, string[]>()
  const ends = new Map<string, Pick<JudgeTest, 'verdict' | 'seconds'>>()
  let current: string | undefined
  for (const line of log.split('\n')) {
    const end = ending.exec(line)
    if (end) {
      const [, word = '', name = '', seconds] = end
      ends.set(name, { verdict: verdicts[word as keyof typeof verdicts], seconds: Number(seconds) })
      continue
    }
    const begun = beginning.exec(line)?.[1]
    if (begun !== undefined) {
      current = begun
      if (!lines.has(begun)) lines.set(begun, [])
    } else if (current !== undefined) lines.get(current)?.push(line)
  }
  return [...lines]
    .filter(([name]) => name.startsWith('Mesh'))
    .map(([name, printed]): JudgeTest => {
      const { verdict, seconds } = ends.get(name) ?? { verdict: 'not-run' as const, seconds: 0 }
      return { name, verdict, reason: shortened(reasonFor(verdict, printed)), seconds }
    })
}

const reasonFor = (verdict: JudgeTest['verdict'], printed: string[]): string => {
  if (verdict === 'pass') return ''
  if (verdict === 'not-run') return 'the judge ended before it did'
  if (verdict === 'skipped')
    return (
      /Skipping \S+: (.*)$/.exec(printed.find((line) => line.includes('Skipping ')) ?? '')?.[1] ?? 'it skipped itself'
    )
  return errorIn(printed) ?? lastUnready(printed) ?? 'the log has no reason'
}

const shortened = (reason: string): string => inOneLine(reason).slice(0, longest)

/** What was still wrong when a test gave up to wait for an answer. */
const lastUnready = (printed: readonly string[]): string | undefined =>
  printed.flatMap((line) => /not ready yet: (.*)$/.exec(line)?.[1] ?? []).at(-1)

/** The first error that a test prints: `Error:` and `Messages:` of an assertion, in one line. */
export const errorIn = (printed: readonly string[]): string | undefined => {
  const from = printed.findIndex((line) => /^\s*Error:\s/.test(line))
  if (from === -1) return undefined
  const rest = printed.slice(from)
  const to = rest.findIndex((line, index) => index > 0 && /^\s*(Test:|---|===|Error Trace:)/.test(line))
  const text = (words: readonly string[]): string => words.join(' ').replaceAll(/\s+/g, ' ').trim()
  const error = text(rest.slice(0, to === -1 ? 3 : to)).replace(/^Error: /, '')
  const message = /^\s*Messages:\s+(.*)$/.exec(rest.slice(to, to + 3).find((line) => /^\s*Messages:/.test(line)) ?? '')
  return [error.slice(0, 500), ...(message?.[1] === undefined ? [] : [message[1]])].join('; ')
}

/** The last words of a program that failed without a failed test. */
export const lastError = (log: string): string => {
  const lines = log.split('\n')
  const last = lines
    .map((line) => line.trim())
    .findLast((line) => line !== '' && !/^(FAIL|PASS|ok|exit|---|===)/.test(line))
  return shortened(errorIn(lines) ?? last ?? 'it printed nothing')
}
