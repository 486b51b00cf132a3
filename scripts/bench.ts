// Times the lab of each topology and, in the same round, what it is compared with. The ratio of the two means
// something even on a machine whose speed varies. Without a flag it is compared with the documented steps typed by
// hand (scripts/by-hand.sh) on the same images. With --rehearsal it is compared with a run that uses published images
// (scripts/rehearsal.ts), preloaded before the first round. `npm run bench -- all 5` makes five rounds of every
// topology; the default is three rounds of gateway. A run that fails is printed and not timed. Targets are printed and
// not asserted.
import { missingCapabilities } from '#engine/capabilities.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { startStage } from './rehearsal/stage.ts'
import { getImages } from '#images/get-images.ts'
import { makePlans } from '#run/plan.ts'
import { terminal } from '#report/terminal.ts'
import { formatFigure, printTable, type Figures } from './bench/figures.ts'
import { timeByHand, timeIdleLab, timeLargeMesh, timeProduct } from './bench/runs.ts'

/** Times one round of a topology. Returns the figures of each entry of the report, by the entry’s name. */
type TimeRound = (topology: string, round: number) => Promise<Map<string, Figures>>

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    stop.abort(new Error('interrupted'))
  })

const args = process.argv.slice(2)
const isNumber = (text: string): boolean => /^\d+$/.test(text)
const rounds = Number(args.find(isNumber) ?? 3)
const topologyNames = (args.find((text) => !isNumber(text) && !text.startsWith('-')) ?? 'gateway').split(',')
const topologies = [...new Set((await makePlans(topologyNames, [], [])).map(({ topology }) => topology.name))]
const screen = terminal(process.stdout)
const engine = await ensureEngine(screen.line, stop.signal)
const getting = { engine, say: screen.line, progress: screen.building, signal: stop.signal }

/** Compares the product with the documented steps typed by hand, on the same images. */
const compareWithHand = async (): Promise<TimeRound> => {
  const images = await getImages({ images: 'auto' }, getting)
  const restricted = engine.OSType === 'linux' && (await missingCapabilities()).length > 0
  return async (topology) => {
    const flags = [`--images=${images.source}`]
    const entries = await timeProduct(topology, flags, stop.signal)
    const idle = await timeIdleLab(topology, flags, stop.signal)
    const hand = await timeByHand(topology, images, restricted, stop.signal)
    return new Map(
      [...entries].map(([entry, figures]) => [
        entry,
        {
          ...figures,
          ...idle,
          ...(hand === undefined ? {} : { 'by hand: lab ready': hand }),
          ...Object.fromEntries(
            ['lab ready', 'both versions seen'].flatMap((name) =>
              hand && figures[name] ? [[`${name} / by hand`, figures[name] / hand]] : [],
            ),
          ),
        },
      ]),
    )
  }
}

/** Compares images built from source with published ones. The two take turns in going first. */
const compareWithRelease =
  (pins: string): TimeRound =>
  async (topology, round) => {
    const flags = { source: ['--images=source'], release: ['--images=release', `--pins=${pins}`] }
    const order = round % 2 === 1 ? (['source', 'release'] as const) : (['release', 'source'] as const)
    const timed: Partial<Record<keyof typeof flags, Map<string, Figures>>> = {}
    for (const source of order) timed[source] = await timeProduct(topology, flags[source], stop.signal)
    return new Map(
      [...(timed.source ?? [])].flatMap(([entry, source]) => {
        const release = timed.release?.get(entry)
        return release === undefined ? [] : [[entry, sourceBesideRelease(source, release)]]
      }),
    )
  }

const sourceBesideRelease = (source: Figures, release: Figures): Figures => {
  const built = source['command to verdict'] ?? NaN
  const published = release['command to verdict'] ?? NaN
  const figures = Object.entries({ source, release }).flatMap(([images, seconds]) =>
    ['command to verdict', 'lab ready', 'checks'].map((name) => [`${images}: ${name}`, seconds[name] ?? NaN] as const),
  )
  return {
    ...Object.fromEntries(figures),
    'release / source': published / built,
    'release − source': published - built,
  }
}

const roundsOfEntry = new Map<string, Figures[]>()
const timeRounds = async (timeRound: TimeRound): Promise<void> => {
  for (let round = 1; round <= rounds; round += 1) {
    for (const topology of topologies) {
      for (const [entry, figures] of await timeRound(topology, round)) {
        roundsOfEntry.set(entry, [...(roundsOfEntry.get(entry) ?? []), figures])
        console.log(
          `${entry}, round ${round}: ${Object.entries(figures)
            .map(([name, value]) => `${name} ${formatFigure(name, value)}`)
            .join(', ')}`,
        )
      }
    }
  }
}

try {
  if (args.includes('--rehearsal')) {
    const { pins, stop: stopStage } = await startStage(screen.line, screen.building, stop.signal)
    try {
      for (const images of ['source', 'release'] as const) await getImages({ images, pins }, getting)
      screen.close()
      await timeRounds(compareWithRelease(pins))
    } finally {
      await stopStage()
    }
  } else {
    const timeRound = await compareWithHand()
    screen.close()
    await timeRounds(timeRound)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
} finally {
  screen.close()
}
for (const [entry, figures] of roundsOfEntry) printTable(entry, figures)
if (!stop.signal.aborted) printTable('diagnosis of many objects', [await timeLargeMesh(stop.signal)])
