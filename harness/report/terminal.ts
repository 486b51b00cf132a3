import { join } from 'node:path'
import { styleText } from 'node:util'
import type { BuildProgress } from '#images/build.ts'
import { firstBroken } from '#results/explain.ts'
import { printable, withoutCommands } from '#results/text.ts'
import { variantName, type CheckResult, type Results, type TopologyResult, type Verdict } from '#results/results.ts'
import { upgradeLines } from './upgrade-text.ts'

/** Where the terminal report goes: a TTY gets colour and one live line, anything else plain lines. */
export type Screen = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

/**
 * What a person sees while a run works, and at its end. Times are milliseconds since the epoch. What it is given may be
 * somebody else’s text: nothing in it steers the terminal, or the runner of GitHub Actions.
 */
export type Terminal = {
  line: (text: string) => void
  /** A line for GitHub’s runner: a workflow command, which any other line is kept from being. */
  workflowCommand: (text: string) => void
  problem: (text: string) => void
  building: (progress: BuildProgress) => void
  started: (name: string) => void
  ended: (name: string, seconds: number, verdict: 'pass' | 'fail' | 'not-run') => void
  check: (result: CheckResult) => void
  summary: (results: Results, folder: string) => void
  /** Takes the live line away and stops drawing it. */
  close: () => void
}

const marks: Record<Verdict, { mark: string; colour: 'green' | 'red' | 'yellow' | 'gray' }> = {
  pass: { mark: '✓', colour: 'green' },
  fail: { mark: '✗', colour: 'red' },
  flaky: { mark: '~', colour: 'yellow' },
  skipped: { mark: '-', colour: 'gray' },
  'not-run': { mark: '?', colour: 'yellow' },
}

/** The terminal report; NO_COLOR and a stream that is no TTY are honoured. */
export const terminal = (screen: Screen, environment: NodeJS.ProcessEnv = process.env): Terminal => {
  const live = screen.isTTY === true && !environment['NO_COLOR']
  const onGitHub = environment['GITHUB_ACTIONS'] === 'true'
  const safe = (text: string): string => (onGitHub ? withoutCommands(printable(text)) : printable(text))
  const paint = (colour: Parameters<typeof styleText>[0], text: string): string =>
    live ? styleText(colour, safe(text), { validateStream: false }) : safe(text)
  const running = new Map<string, number>()
  let build = ''
  let lastBuild = 0
  const status = (): void => {
    const now = Date.now()
    const text =
      build || [...running].map(([name, since]) => `${name} ${Math.round((now - since) / 1000)} s`).join(', ')
    if (live) screen.write(`\r\u001b[K${paint('gray', text.slice(0, (screen.columns ?? 100) - 1))}`)
  }
  const ticker = live ? setInterval(status, 250) : undefined
  ticker?.unref()
  // Its parts are safe already: colours of ours may be among them.
  const put = (text: string): void => {
    screen.write(`${live ? '\r\u001b[K' : ''}${text}\n`)
    if (running.size > 0 || build) status()
  }
  const line = (text: string): void => {
    put(safe(text))
  }
  const marked = (verdict: Verdict, text: string): string =>
    `${paint(marks[verdict].colour, marks[verdict].mark)} ${text}`
  return {
    line,
    workflowCommand: (text) => {
      put(printable(text))
    },
    problem: (text) => {
      put(paint('red', text))
    },
    building: ({ building, done, of, remaining }) => {
      build = `building ${building.join(', ')}: ${done} of ${of} done, about ${minutes(remaining)} remain`
      // Without a live line, one line whenever something new is built, or half a minute has passed, is enough.
      if (!live && building.length > 0 && Date.now() - lastBuild > 30_000) {
        line(`  ${build}`)
        lastBuild = Date.now()
      }
      if (building.length === 0) build = ''
      status()
    },
    started: (name) => {
      running.set(name, Date.now())
      status()
    },
    ended: (name, seconds, verdict) => {
      running.delete(name)
      build = ''
      if (verdict !== 'not-run')
        put(marked(verdict, `${paint('gray', `${seconds.toFixed(1).padStart(6)} s`)}  ${safe(name)}`))
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
      clearInterval(ticker)
      running.clear()
      build = ''
      if (live) screen.write('\r\u001b[K')
    },
  }
}

/** The same terminal for one of several labs: whatever is said of it begins with its name. */
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
  ended: (phase, seconds, verdict) => {
    screen.ended(`${name}  ${phase}`, seconds, verdict)
  },
  check: (result) => {
    screen.check({ ...result, id: `${name}  ${result.id}` })
  },
})

/** One check in one line: id, from and to, and what was seen. */
export const checkLine = ({ id, from, to, reason, verdict }: CheckResult): string =>
  `${id}  ${from.join(', ')} → ${to.join(', ')}  ${verdict === 'flaky' ? `passed on retry: ${reason}` : reason}`

/** A topology's last lines: what was proven, and the first broken layer with its hint. */
export const summaryOf = (topology: TopologyResult): string[] => {
  const { verdict, reason, checks, phases, upgrade } = topology
  if (upgrade) return upgradeLines(variantName(topology), upgrade)
  const count = (wanted: Verdict): number => checks.filter((check) => check.verdict === wanted).length
  const others = (['flaky', 'skipped', 'not-run'] as const).flatMap((kind) =>
    count(kind) > 0 ? [`${count(kind)} ${kind}`] : [],
  )
  const times = phaseTimes(phases)
  const broken = firstBroken(checks)
  return [
    ...(broken
      ? [
          `first broken layer: ${broken.layer}  (${broken.check}, ${broken.code})`,
          `  cause: ${broken.cause}`,
          `  next:  ${broken.hint}`,
        ]
      : []),
    `${variantName(topology)}: ${verdict === 'pass' ? 'passed' : verdict}  ` +
      `${[`${count('pass')} passed`, `${count('fail')} failed`, ...others].join(', ')}${times ? `  (${times})` : ''}${verdict === 'not-run' && reason ? `  ${reason}` : ''}`,
  ]
}

const phaseTimes = (phases: TopologyResult['phases']): string => {
  const of = (names: (name: string) => boolean): string => {
    const some = phases.filter(({ name, verdict }) => names(name) && verdict !== 'not-run')
    if (some.length === 0) return ''
    const start = Math.min(...some.map(({ startedAt }) => Date.parse(startedAt)))
    const end = Math.max(...some.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1000))
    return `${((end - start) / 1000).toFixed(1)} s`
  }
  const own = ['images', 'checks', 'support bundle', 'teardown']
  return [
    ['images', of((name) => name === 'images')],
    ['lab', of((name) => !own.includes(name))],
    ['checks', of((name) => name === 'checks')],
    ['support bundle', of((name) => name === 'support bundle')],
    ['teardown', of((name) => name === 'teardown')],
  ]
    .flatMap(([label, time]) => (time ? [`${label ?? ''} ${time}`] : []))
    .join(', ')
}

const minutes = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`)
