// Times each topology's lab, and beside it, in the same round, what it is measured against: a ratio that means
// something on a noisy machine. That is the documented steps typed by hand (scripts/by-hand.sh), on the same images;
// with --rehearsal, the same run with published images (scripts/rehearsal.ts), which are preloaded before. `npm run
// bench -- all 5` makes five rounds of every topology; default: three of gateway. What is not green is shown and not
// timed. Targets are printed, not asserted.
import { missingCapabilities } from '#engine/capabilities.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { startStage } from './rehearsal/stage.ts'
import { getImages } from '#images/get-images.ts'
import { makePlans } from '#run/plan.ts'
import { terminal } from '#report/terminal.ts'
import { shown, table, type Figures } from './bench/figures.ts'
import { byHand, product } from './bench/runs.ts'

/** What is timed in a round of a topology: its figures by the name of the entry. */
type Round = (topology: string, round: number) => Promise<Map<string, Figures>>

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    stop.abort(new Error('interrupted'))
  })

const args = process.argv.slice(2)
const isNumber = (text: string): boolean => /^\d+$/.test(text)
const rounds = Number(args.find(isNumber) ?? 3)
const wanted = (args.find((text) => !isNumber(text) && !text.startsWith('-')) ?? 'gateway').split(',')
const topologies = [...new Set((await makePlans(wanted, [], [])).map(({ topology }) => topology.name))]
const screen = terminal(process.stdout)
const engine = await ensureEngine(screen.line, stop.signal)

/** The product and, on the same images, the documented steps by hand. */
const besideHand = async (): Promise<Round> => {
  const images = await getImages({ images: 'auto' }, engine, screen.line, screen.building, stop.signal)
  const restricted = engine.OSType === 'linux' && (await missingCapabilities()).length > 0
  return async (topology) => {
    const entries = await product(topology, [`--images=${images.source}`], stop.signal)
    const hand = await byHand(topology, images, restricted, stop.signal)
    return new Map(
      [...entries].map(([entry, figures]) => [
        entry,
        {
          ...figures,
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

/** The product with images from source and with published ones; each goes first every other round. */
const besideRelease =
  (pins: string): Round =>
  async (topology, round) => {
    const ways = { source: ['--images=source'], release: ['--images=release', `--pins=${pins}`] }
    const order = round % 2 === 1 ? (['source', 'release'] as const) : (['release', 'source'] as const)
    const timed: Partial<Record<keyof typeof ways, Map<string, Figures>>> = {}
    for (const way of order) timed[way] = await product(topology, ways[way], stop.signal)
    return new Map(
      [...(timed.source ?? [])].flatMap(([entry, source]) => {
        const release = timed.release?.get(entry)
        return release === undefined ? [] : [[entry, compared(source, release)]]
      }),
    )
  }

const compared = (source: Figures, release: Figures): Figures => {
  const [whole, published] = [source['command to verdict'] ?? NaN, release['command to verdict'] ?? NaN]
  const each = Object.entries({ source, release }).flatMap(([way, figures]) =>
    ['command to verdict', 'lab ready', 'checks'].map((name) => [`${way}: ${name}`, figures[name] ?? NaN] as const),
  )
  return { ...Object.fromEntries(each), 'release / source': published / whole, 'release − source': published - whole }
}

const timed = new Map<string, Figures[]>()
const time = async (roundOf: Round): Promise<void> => {
  for (let round = 1; round <= rounds; round += 1) {
    for (const topology of topologies) {
      for (const [entry, figures] of await roundOf(topology, round)) {
        timed.set(entry, [...(timed.get(entry) ?? []), figures])
        console.log(
          `${entry}, round ${round}: ${Object.entries(figures)
            .map(([name, value]) => `${name} ${shown(name, value)}`)
            .join(', ')}`,
        )
      }
    }
  }
}

try {
  if (args.includes('--rehearsal')) {
    const { pins, stop: end } = await startStage(screen.line, screen.building, stop.signal)
    try {
      for (const images of ['source', 'release'] as const)
        await getImages({ images, pins }, engine, screen.line, screen.building, stop.signal)
      screen.close()
      await time(besideRelease(pins))
    } finally {
      await end()
    }
  } else {
    const round = await besideHand()
    screen.close()
    await time(round)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
} finally {
  screen.close()
}
for (const [entry, figures] of timed) table(entry, figures)
