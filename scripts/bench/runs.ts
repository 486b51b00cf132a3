import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import type { Images } from '#images/images.ts'
import { reportPage } from '#report/html/report-page.ts'
import { Results, variantName } from '#results/results.ts'
import { byHandEnvironment, byHandScript } from '../by-hand.ts'
import { begin, figuresOf, labOf, type Figures } from './figures.ts'

const root = resolve(import.meta.dirname, '../..')
// Both programs clean up when they are told to end, however long that takes.
const child = { cwd: root, reject: false, all: true, stdin: 'ignore', forceKillAfterDelay: false } as const

const notTimed = (what: string, exitCode: number | undefined, output: string): void => {
  console.log(`✗ ${what} is not timed: exit ${exitCode ?? 'unknown'}\n${output}`)
  process.exitCode = 2
}

/**
 * The product's run of a topology, with images from where `flags` say: its figures by the name of the entry, none when
 * it was not green.
 */
export const product = async (topology: string, flags: string[], stop: AbortSignal): Promise<Map<string, Figures>> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'))
  try {
    const since = Date.now()
    const { exitCode, all } = await execa(
      'node',
      [join(root, 'scripts/meshproof.mjs'), `--topology=${topology}`, ...flags, `--report-dir=${folder}`],
      { ...child, cancelSignal: stop },
    )
    stop.throwIfAborted()
    if (exitCode !== 0) {
      notTimed(`${topology} ${flags.join(' ')}`, exitCode, all)
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
export const byHand = async (
  topology: string,
  images: Images,
  restricted: boolean,
  stop: AbortSignal,
): Promise<number | undefined> => {
  // In a group of its own: a terminal's Ctrl-C would also end the programs that clean up.
  const { exitCode, all } = await execa('bash', [byHandScript, topology], {
    ...child,
    cancelSignal: stop,
    detached: true,
    env: byHandEnvironment(images, restricted),
  })
  stop.throwIfAborted()
  const seconds = /^lab ready ([\d.]+)$/m.exec(all)?.[1]
  if (exitCode === 0 && seconds !== undefined) return Number(seconds)
  notTimed(`${topology} by hand`, exitCode, all)
  return undefined
}
