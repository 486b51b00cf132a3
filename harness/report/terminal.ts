import { join } from 'node:path'
import { styleText } from 'node:util'
import type { BuildProgress } from '#images/build-progress.ts'
import { knownIssueWords } from '#results/known-issues.ts'
import { printable, withoutCommands } from '#results/text.ts'
import type { CheckResult, Results, Verdict } from '#results/results.ts'
import { liveRegion, type Screen } from './live/live-region.ts'
import { addProgress, nothingRuns } from './live/live-state.ts'
import { summaryOf } from './topology-summary.ts'
import { roughly, verdictWords } from './words.ts'

/**
 * What a person sees during a run and at its end. It may be given text of a cluster or a program: nothing in such text
 * steers the terminal, or the runner of GitHub Actions.
 */
export type Terminal = {
  line: (text: string) => void
  /** A line for GitHub’s runner: a workflow command, which any other line is kept from being. */
  workflowCommand: (text: string) => void
  problem: (text: string) => void
  building: (progress: BuildProgress) => void
  /** A line about a program, which is no result: it goes to standard error. */
  program: (text: string) => void
  started: (name: string) => void
  /** How many parts of a phase that has started are done. Only live lines show it. */
  counted: (name: string, done: number, of: number) => void
  ended: (name: string, seconds: number, verdict: 'pass' | 'fail' | 'not-run') => void
  check: (result: CheckResult) => void
  summary: (results: Results, folder: string) => void
  /** Removes the live lines and stops drawing them. */
  close: () => void
}

const colours: Record<Verdict, 'green' | 'red' | 'yellow' | 'gray'> = {
  pass: 'green',
  fail: 'red',
  flaky: 'yellow',
  skipped: 'gray',
  'not-run': 'yellow',
}

/**
 * The terminal report. It has no colour under NO_COLOR, on a dumb terminal, and on a stream that is not a TTY. On a TTY
 * lines at the bottom show what is under way, except in CI. Lines about programs go to `errors`.
 */
export const terminal = (
  screen: Screen,
  environment: NodeJS.ProcessEnv = process.env,
  errors: NodeJS.WritableStream = process.stderr,
): Terminal => {
  const coloured = screen.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  const live = coloured && ['', '0', 'false'].includes(environment['CI'] ?? '')
  const onGitHub = environment['GITHUB_ACTIONS'] === 'true'
  const safe = (text: string): string => (onGitHub ? withoutCommands(printable(text)) : printable(text))
  const paint = (colour: Parameters<typeof styleText>[0], text: string): string =>
    coloured ? styleText(colour, safe(text), { validateStream: false }) : safe(text)
  const underWay = nothingRuns()
  const region = live ? liveRegion(screen, underWay, paint) : undefined
  let lastBuild = 0
  // Its parts are safe already: colours of ours may be among them.
  const put = (text: string, to: NodeJS.WritableStream = screen): void => {
    region?.clear()
    to.write(`${text}\n`)
    region?.draw()
  }
  const line = (text: string): void => {
    put(safe(text))
  }
  const marked = (verdict: Verdict, text: string): string =>
    `${paint(colours[verdict], verdictWords[verdict].mark)} ${text}`
  return {
    line,
    workflowCommand: (text) => {
      put(printable(text))
    },
    problem: (text) => {
      put(paint('red', text))
    },
    program: (text) => {
      put(safe(text), errors)
    },
    building: (progress) => {
      addProgress(underWay, progress, Date.now())
      const { building, done, of, remaining } = progress
      // Without live lines, the progress is a line of its own, at most every half minute.
      if (!live && building.length > 0 && Date.now() - lastBuild > 30_000) {
        line(`  building ${building.join(', ')}: ${done} of ${of} done, about ${roughly(remaining)} remain`)
        lastBuild = Date.now()
      }
      region?.draw()
    },
    started: (name) => {
      underWay.running.set(name, { since: Date.now() })
      region?.draw()
    },
    counted: (name, done, of) => {
      const phase = underWay.running.get(name)
      if (phase) phase.parts = { done, of }
      region?.draw()
    },
    ended: (name, seconds, verdict) => {
      underWay.running.delete(name)
      underWay.build = undefined
      underWay.downloads.clear()
      if (verdict === 'not-run') region?.draw()
      else put(marked(verdict, `${paint('gray', `${seconds.toFixed(1).padStart(6)} s`)}  ${safe(name)}`))
    },
    check: (result) => {
      put(marked(result.verdict, safe(checkLine(result))))
    },
    summary: (results, folder) => {
      line('')
      for (const topology of results.topologies)
        for (const text of summaryOf(topology)) put(topology.verdict === 'pass' ? paint('green', text) : safe(text))
      for (const { bundle } of results.topologies)
        if (bundle !== undefined) line(`support bundle: ${join(folder, bundle)}`)
      line(`report: ${folder}`)
    },
    close: () => {
      underWay.running.clear()
      underWay.build = undefined
      underWay.downloads.clear()
      region?.close()
    },
  }
}

/** The same terminal for one of several labs: its lines begin with the name of the lab. */
export const about = (screen: Terminal, name: string): Terminal => ({
  ...screen,
  line: (text) => {
    screen.line(`${name}  ${text}`)
  },
  problem: (text) => {
    screen.problem(`${name}  ${text}`)
  },
  started: (phase) => {
    screen.started(`${name}  ${phase}`)
  },
  counted: (phase, done, of) => {
    screen.counted(`${name}  ${phase}`, done, of)
  },
  ended: (phase, seconds, verdict) => {
    screen.ended(`${name}  ${phase}`, seconds, verdict)
  },
  check: (result) => {
    screen.check({ ...result, id: `${name}  ${result.id}` })
  },
})

/** A terminal whose output also appears on another. The first alone gets workflow commands, programs and counts. */
export const alsoOn = (screen: Terminal, other: Terminal): Terminal => ({
  line: (text) => {
    screen.line(text)
    other.line(text)
  },
  workflowCommand: screen.workflowCommand,
  problem: (text) => {
    screen.problem(text)
    other.problem(text)
  },
  building: (progress) => {
    screen.building(progress)
    other.building(progress)
  },
  program: screen.program,
  counted: screen.counted,
  started: (name) => {
    screen.started(name)
    other.started(name)
  },
  ended: (name, seconds, verdict) => {
    screen.ended(name, seconds, verdict)
    other.ended(name, seconds, verdict)
  },
  check: (result) => {
    screen.check(result)
    other.check(result)
  },
  summary: (results, folder) => {
    screen.summary(results, folder)
    other.summary(results, folder)
  },
  close: () => {
    screen.close()
    other.close()
  },
})

/** A check in a line: its id, from where to where it asks, and its result; a known issue comes before its reason. */
export const checkLine = ({ id, from, to, reason, verdict, knownIssue }: CheckResult): string => {
  const before = verdict === 'flaky' ? 'passed on retry: ' : knownIssue ? `${knownIssueWords(knownIssue)}: ` : ''
  return `${id}  ${from.join(', ')} → ${to.join(', ')}  ${before}${reason}`
}
