// Times each topology's lab, and beside it, in the same round and on the same images, the documented steps typed by hand
// (scripts/by-hand.sh): a ratio that means something on a noisy machine. `npm run bench -- all 5` makes five rounds of every
// topology; default: three of gateway. What is not green is shown and not timed. Targets are printed, not asserted.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { missingCapabilities } from '../harness/engine/capabilities.ts'
import { ensureEngine } from '../harness/engine/ensure.ts'
import { chooseImages } from '../harness/images/choose.ts'
import type { Images } from '../harness/images/images.ts'
import { makePlans } from '../harness/plan/plan.ts'
import { reportPage } from '../harness/report/html/report-page.ts'
import { Results, variantName, type Phase, type TopologyResult } from '../harness/report/results.ts'
import { terminal } from '../harness/report/terminal.ts'
import { byHandEnvironment, byHandScript } from './by-hand.ts'

type Figures = Record<string, number>

const root = resolve(import.meta.dirname, '..')
const targets: Figures = { 'lab ready': 40, teardown: 5, 'report.html': 1, 'lab ready / by hand': 0.5 }
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { stop.abort(new Error('interrupted')) })
// Both programs clean up when they are told to end, however long that takes.
const child = { cwd: root, reject: false, all: true, stdin: 'ignore', cancelSignal: stop.signal, forceKillAfterDelay: false } as const

const end = ({ startedAt, seconds }: { startedAt: string; seconds: number }): number => Date.parse(startedAt) + seconds * 1000
const begin = (phases: Phase[]): number => Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
const span = (phases: Phase[]): number => (phases.length === 0 ? 0 : (Math.max(...phases.map(end)) - begin(phases)) / 1000)
const labOf = ({ phases }: TopologyResult): Phase[] => phases.filter(({ name }) => !['images', 'checks', 'teardown'].includes(name))

/** When the checks had first seen both versions from every cluster: no sooner than the lab was ready, since other checks go first. */
const bothSeen = ({ checks }: TopologyResult): number =>
  Math.max(...checks.filter(({ id }) => id === 'reach.both-versions').map(({ attempts }) => Math.min(...attempts.filter(({ verdict }) => verdict === 'pass').map(end))))

/** One entry of a report. `startup` is what the command took before its first cluster, `rendering` what its page takes; variants of one topology each count them. */
const figuresOf = (entry: TopologyResult, startup: number, rendering: number): Figures => {
  const [lab, checks, teardown] = [labOf(entry), ...['checks', 'teardown'].map((wanted) => entry.phases.filter(({ name }) => name === wanted))]
  const figures = {
    'command to verdict': startup + span([...lab, ...(checks ?? [])]),
    'lab ready': span(lab),
    'both versions seen': (bothSeen(entry) - begin(lab)) / 1000,
    checks: span(checks ?? []),
    teardown: span(teardown ?? []),
    'report.html': rendering,
  }
  return Object.fromEntries(Object.entries(figures).filter(([, seconds]) => Number.isFinite(seconds) && seconds > 0))
}

const notTimed = (what: string, exitCode: number | undefined, output: string): void => {
  console.log(`✗ ${what} is not timed: exit ${exitCode ?? 'unknown'}\n${output}`)
  process.exitCode = 2
}

/** The product's run of a topology: its figures by the name of the entry, none when it was not green. */
const product = async (topology: string, images: Images): Promise<Map<string, Figures>> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'))
  try {
    const since = Date.now()
    const flags = [`--topology=${topology}`, `--images=${images.source}`, `--report-dir=${folder}`]
    const { exitCode, all } = await execa('node', [join(root, 'scripts/meshproof.mjs'), ...flags], child)
    stop.signal.throwIfAborted()
    if (exitCode !== 0) {
      notTimed(topology, exitCode, all)
      return new Map()
    }
    const results = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
    const { topologies } = results
    const begun = performance.now()
    reportPage(results)
    const rendering = (performance.now() - begun) / 1000
    const startup = (begin(topologies.slice(0, 1).flatMap(labOf)) - since) / 1000
    return new Map(topologies.map((entry) => [variantName(entry), figuresOf(entry, startup, rendering)]))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The same lab by hand: seconds until both versions were seen from both clusters, or undefined when they were not. */
const byHand = async (topology: string, images: Images, restricted: boolean): Promise<number | undefined> => {
  // In a group of its own: a terminal's Ctrl-C would also end the programs that clean up.
  const { exitCode, all } = await execa('bash', [byHandScript, topology], { ...child, detached: true, env: byHandEnvironment(images, restricted) })
  stop.signal.throwIfAborted()
  const seconds = /^lab ready ([\d.]+)$/m.exec(all)?.[1]
  if (exitCode === 0 && seconds !== undefined) return Number(seconds)
  notTimed(`${topology} by hand`, exitCode, all)
  return undefined
}

const besideHand = (figures: Figures, hand: number | undefined): Figures => ({
  ...figures,
  ...(hand === undefined ? {} : { 'by hand: lab ready': hand }),
  ...Object.fromEntries(['lab ready', 'both versions seen'].flatMap((name) => (hand && figures[name] ? [[`${name} / by hand`, figures[name] / hand]] : []))),
})

const shown = (name: string, value: number): string => value.toFixed(name.includes(' / ') ? 2 : 1)

const table = (entry: string, rounds: Figures[]): void => {
  console.log(`\n${entry.padEnd(32)} ${['min', 'median', 'max', 'target'].map((title) => title.padStart(7)).join(' ')}`)
  for (const name of new Set(rounds.flatMap(Object.keys))) {
    const values = rounds.flatMap((round) => round[name] ?? []).toSorted((a, b) => a - b)
    const figures = [values[0], values[Math.floor(values.length / 2)], values.at(-1)].map((value) => shown(name, value ?? 0))
    console.log(`${name.padEnd(32)} ${[...figures, String(targets[name] ?? '')].map((text) => text.padStart(7)).join(' ')}`)
  }
}

const args = process.argv.slice(2)
const isNumber = (text: string): boolean => /^\d+$/.test(text)
const rounds = Number(args.find(isNumber) ?? 3)
const wanted = (args.find((text) => !isNumber(text)) ?? 'gateway').split(',')
const topologies = [...new Set((await makePlans(wanted, [], [])).map(({ topology }) => topology.name))]
const screen = terminal(process.stdout)
const engine = await ensureEngine(screen.line, stop.signal)
const images = await chooseImages({ images: 'auto' }, engine, screen.line, screen.building, stop.signal)
screen.close()
const restricted = engine.OSType === 'linux' && (await missingCapabilities()).length > 0

const timed = new Map<string, Figures[]>()
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const topology of topologies) {
      const entries = await product(topology, images)
      const hand = await byHand(topology, images, restricted)
      for (const [entry, figures] of entries) {
        const all = besideHand(figures, hand)
        timed.set(entry, [...(timed.get(entry) ?? []), all])
        console.log(`${entry}, round ${round}: ${Object.entries(all).map(([name, value]) => `${name} ${shown(name, value)}`).join(', ')}`)
      }
    }
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
}
for (const [entry, figures] of timed) table(entry, figures)
