import { join } from 'node:path'
import { styleText } from 'node:util'
import type { BuildProgress } from '#images/build.ts'
import { firstBroken } from '#results/explain.ts'
import { variantName, type CheckResult, type Results, type TopologyResult, type Verdict } from '#results/results.ts'
import { upgradeLines } from './upgrade-text.ts'
import { verdictWords } from './words.ts'

/** Where the terminal report goes: a TTY gets colour and a live line, anything else gets plain lines. */
export type Screen = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

/** What a person sees during a run and at its end. */
export type Terminal = {
  line: (text: string) => void
  problem: (text: string) => void
  building: (progress: BuildProgress) => void
  started: (name: string) => void
  ended: (name: string, seconds: number, verdict: 'pass' | 'fail' | 'not-run') => void
  check: (result: CheckResult) => void
  summary: (results: Results, folder: string) => void
  /** Removes the live line and stops drawing it. */
  close: () => void
}

const colours: Record<Verdict, 'green' | 'red' | 'yellow' | 'gray'> = {
  pass: 'green',
  fail: 'red',
  flaky: 'yellow',
  skipped: 'gray',
  'not-run': 'yellow',
}

/** The terminal report. It has no colour under NO_COLOR, and on a stream that is not a TTY. */
export const terminal = (screen: Screen, environment: NodeJS.ProcessEnv = process.env): Terminal => {
  const live = screen.isTTY === true && !environment['NO_COLOR']
  const paint = (colour: Parameters<typeof styleText>[0], text: string): string =>
    live ? styleText(colour, text, { validateStream: false }) : text
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
  const line = (text: string): void => {
    screen.write(`${live ? '\r\u001b[K' : ''}${text}\n`)
    if (running.size > 0 || build) status()
  }
  const marked = (verdict: Verdict, text: string): string =>
    `${paint(colours[verdict], verdictWords[verdict].mark)} ${text}`
  return {
    line,
    problem: (text) => {
      line(paint('red', text))
    },
    building: ({ building, done, of, remaining }) => {
      build = `building ${building.join(', ')}: ${done} of ${of} done, about ${minutes(remaining)} remain`
      // Without a live line, the progress is a line of its own, at most every half minute.
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
        line(marked(verdict, `${paint('gray', `${seconds.toFixed(1).padStart(6)} s`)}  ${name}`))
    },
    check: (result) => {
      line(marked(result.verdict, checkLine(result)))
    },
    summary: (results, folder) => {
      line('')
      for (const topology of results.topologies)
        for (const text of summaryOf(topology)) line(topology.verdict === 'pass' ? paint('green', text) : text)
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
  ended: (phase, seconds, verdict) => {
    screen.ended(`${name}  ${phase}`, seconds, verdict)
  },
  check: (result) => {
    screen.check({ ...result, id: `${name}  ${result.id}` })
  },
})

/** A check in a line: its id, from where to where it asks, and its result. */
export const checkLine = ({ id, from, to, reason, verdict }: CheckResult): string =>
  `${id}  ${from.join(', ')} → ${to.join(', ')}  ${verdict === 'flaky' ? `passed on retry: ${reason}` : reason}`

/** The last lines of a topology: the first broken layer and what to do about it, and the counts of checks. */
export const summaryOf = (topology: TopologyResult): string[] => {
  const { verdict, reason, checks, phases, upgrade } = topology
  if (upgrade) return upgradeLines(variantName(topology), upgrade)
  const times = phaseTimes(phases)
  return [
    ...brokenLines(checks),
    [
      `${variantName(topology)}: ${verdict === 'pass' ? 'passed' : verdict}`,
      countsOf(checks),
      ...(times === '' ? [] : [`(${times})`]),
      ...(verdict === 'not-run' && reason !== '' ? [reason] : []),
    ].join('  '),
  ]
}

const brokenLines = (checks: CheckResult[]): string[] => {
  const broken = firstBroken(checks)
  if (!broken) return []
  return [
    `first broken layer: ${broken.layer}  (${broken.check}, ${broken.code})`,
    `  cause: ${broken.cause}`,
    `  next:  ${broken.hint}`,
  ]
}

const countsOf = (checks: CheckResult[]): string => {
  const count = (wanted: Verdict): number => checks.filter(({ verdict }) => verdict === wanted).length
  const others = (['flaky', 'skipped', 'not-run'] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`)
  return [`${count('pass')} passed`, `${count('fail')} failed`, ...others].join(', ')
}

/** The phases of a run that are not part of bringing up its lab. */
const otherPhases = ['images', 'checks', 'support bundle', 'teardown']

const phaseTimes = (phases: TopologyResult['phases']): string => {
  const ran = phases.filter(({ verdict }) => verdict !== 'not-run')
  const timeOf = (label: string): string => {
    const labelled = ran.filter(({ name }) => (label === 'lab' ? !otherPhases.includes(name) : name === label))
    return labelled.length === 0 ? '' : `${label} ${spanOf(labelled).toFixed(1)} s`
  }
  return ['images', 'lab', 'checks', 'support bundle', 'teardown']
    .map(timeOf)
    .filter((time) => time !== '')
    .join(', ')
}

// From the first start to the last end, in seconds: overlapping phases count once.
const spanOf = (phases: TopologyResult['phases']): number => {
  const start = Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
  const end = Math.max(...phases.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1000))
  return (end - start) / 1000
}

const minutes = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`)
