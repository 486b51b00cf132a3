import { extname, join } from 'node:path'
import { Writable } from 'node:stream'
import type { CliOptions, Reporter, TestCase } from 'vitest/node'
import type { Check } from '#checks/check.ts'
import { cacheFolder } from '#images/cache.ts'
import { programWatcher } from '#programs.ts'
import { CheckResult } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { keyOf, type PlannedCheck, resultWithout } from '#run/plan-checks.ts'
import type { CheckInput } from './contract.ts'

/** Observes checks while they run. */
export type CheckObserver = { started: (check: PlannedCheck) => void; ended: (result: CheckResult) => void }

/**
 * Runs the planned checks with Vitest, in a process of its own. Returns a result for each planned check: one that did
 * not report is `not-run`. The signal stops the run between two checks, or at the next wait within a check. Policies
 * are removed in any case.
 */
export const runChecks = async (
  input: CheckInput,
  observer: CheckObserver,
  { failFast, signal }: { failFast: boolean; signal: AbortSignal },
): Promise<CheckResult[]> => {
  const results = new Map<string, CheckResult>()
  const plannedOf = (test: TestCase): PlannedCheck | undefined =>
    input.planned.find((unit) => keyOf(unit) === test.name)
  const reporter: Reporter = {
    onTestCaseReady: (test) => {
      const planned = plannedOf(test)
      if (planned) observer.started(planned)
    },
    onTestCaseResult: (test) => {
      const planned = plannedOf(test)
      if (!planned || test.result().state === 'skipped') return
      const result = reported(test, planned, signal)
      results.set(keyOf(planned), result)
      observer.ended(result)
    },
  }
  const watcher = programWatcher()
  // Loaded here, since most commands run no checks.
  const { createVitest } = await import('vitest/node')
  const dropAddedListeners = rememberListeners()
  const vitest = await createVitest(
    configOf(input, reporter, failFast),
    {},
    watcher ? { stderr: linesTo(watcher) } : {},
  )
  dropAddedListeners()
  const cancel = (): void => {
    void vitest.cancelCurrentRun('keyboard-input')
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    await Promise.race([vitest.start(), graceAfter(signal)])
  } finally {
    signal.removeEventListener('abort', cancel)
    await vitest.close()
  }
  const why = signal.aborted
    ? 'the run was interrupted'
    : failFast
      ? 'an earlier check failed and --fail-fast was given'
      : 'the process that asks ended early'
  return input.planned.map(
    (planned) => results.get(keyOf(planned)) ?? resultWithout(headOf(planned), planned, 'not-run', why),
  )
}

const configOf = (input: CheckInput, reporter: Reporter, failFast: boolean): CliOptions => ({
  config: false,
  root: import.meta.dirname,
  // A .ts file in a checkout, a .js file in an installed package. By default Vitest leaves out node_modules.
  include: [`checks.spec${extname(import.meta.filename)}`],
  exclude: [],
  // The folder of an installed package may not be writable.
  cache: false,
  watch: false,
  pool: 'forks',
  fileParallelism: false,
  isolate: false,
  maxWorkers: 1,
  reporters: [reporter],
  testTimeout: input.timeout,
  hookTimeout: input.timeout,
  bail: failFast ? 1 : 0,
  passWithNoTests: false,
  fsModuleCachePath: join(cacheFolder(), 'modules'),
  provide: { meshproof: programWatcher() ? { ...input, verbose: true } : input },
  maxConcurrency: input.atOnce ? 2 : 6,
  clearScreen: false,
})

/**
 * Returns a function that removes the listeners of signals which were added since. Vitest would end the process on a
 * signal. The run handles the signals instead.
 */
const rememberListeners = (): (() => void) => {
  const known = (['SIGINT', 'SIGTERM'] as const).map((name) => ({ name, before: process.listeners(name) }))
  return () => {
    for (const { name, before } of known)
      for (const added of process.listeners(name)) if (!before.includes(added)) process.off(name, added)
  }
}

/** Ends five seconds after the signal, for checks that do not end by themselves. */
const graceAfter = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        setTimeout(resolve, 5000)
      },
      { once: true },
    )
  })

/** A stream that passes on each line that is written to it. */
const linesTo = (receive: (line: string) => void): Writable => {
  let begun = ''
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      const lines = `${begun}${chunk.toString()}`.split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) receive(line)
      done()
    },
  })
}

const headOf = ({ id }: PlannedCheck): Check => {
  const head = catalogue.find((check) => check.id === id)
  if (!head) throw new Error(`no suite declares ${id}`)
  return head
}

const reported = (test: TestCase, planned: PlannedCheck, signal: AbortSignal): CheckResult => {
  const parsed = CheckResult.safeParse(test.meta().result)
  if (parsed.success) return parsed.data
  if (signal.aborted) return resultWithout(headOf(planned), planned, 'not-run', 'the run was interrupted')
  const message = test.result().errors?.[0]?.message ?? 'it ended without a result'
  // Every wait of a check is bounded, so a check that exceeds the timeout shows a slow machine, not a broken mesh.
  if (/timed out/i.test(message))
    return resultWithout(
      headOf(planned),
      planned,
      'not-run',
      `there was no verdict in time (--timeout): ${message.split('\n')[0] ?? ''}`,
    )
  const { id, layer, title, source } = headOf(planned)
  const attempt = {
    startedAt: new Date().toISOString(),
    seconds: (test.diagnostic()?.duration ?? 0) / 1000,
    verdict: 'fail' as const,
    reason: message,
    evidence: [],
  }
  return {
    id,
    layer,
    title,
    source,
    from: planned.from,
    to: planned.to,
    verdict: 'fail',
    reason: message,
    attempts: [attempt],
  }
}
