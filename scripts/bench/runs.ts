import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { z } from 'zod'
import type { Images } from '#images/images.ts'
import { reportPage } from '#report/html/report-page.ts'
import { Results, variantName } from '#results/results.ts'
import { byHandEnvironment, byHandScript, hasStepsByHand } from '../by-hand.ts'
import { figuresOf, labPhases, startOf, type Figures } from './figures.ts'
import { signaturesPerSecond, watchProcessor } from './processor.ts'

const root = resolve(import.meta.dirname, '../..')
// The product and the script clean up when they get a signal, however long that takes.
const childOptions = { cwd: root, reject: false, all: true, stdin: 'ignore', forceKillAfterDelay: false } as const

const reportFailure = (what: string, exitCode: number | undefined, output: string): void => {
  console.log(`✗ ${what} is not timed: exit ${exitCode ?? 'unknown'}\n${output}`)
  process.exitCode = 2
}

/**
 * Runs the product for a topology, with images from where `flags` say. Returns the figures by the name of the entry of
 * the report. A run that is not green returns none, and its output is printed.
 */
export const timeProduct = async (
  topology: string,
  flags: string[],
  stop: AbortSignal,
): Promise<Map<string, Figures>> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'))
  const speed = signaturesPerSecond()
  using processor = watchProcessor()
  try {
    const startedAt = Date.now()
    const { exitCode, all } = await execa(
      'node',
      [join(root, 'scripts/meshproof.mjs'), `--topology=${topology}`, ...flags, `--report-dir=${folder}`],
      { ...childOptions, cancelSignal: stop },
    )
    stop.throwIfAborted()
    if (exitCode !== 0) {
      reportFailure(`${topology} ${flags.join(' ')}`, exitCode, all)
      return new Map()
    }
    const results = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
    const { topologies } = results
    const renderingStarted = performance.now()
    reportPage(results)
    const rendering = (performance.now() - renderingStarted) / 1000
    const startup = (startOf(topologies.slice(0, 1).flatMap(labPhases)) - startedAt) / 1000
    return new Map(
      topologies.map((entry) => [
        variantName(entry),
        {
          ...figuresOf(entry, startup, rendering, processor.secondsBetween),
          'processor: signatures a second': speed,
        },
      ]),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const idleSeconds = 15

/**
 * Keeps a lab of a topology, and measures what it costs while nothing uses it: processor seconds per minute. Returns no
 * figure where the lab did not come up.
 */
export const timeIdleLab = async (topology: string, flags: string[], stop: AbortSignal): Promise<Figures> => {
  const product = (args: string[]): ReturnType<typeof execa<typeof childOptions>> =>
    execa('node', [join(root, 'scripts/meshproof.mjs'), ...args], childOptions)
  const { exitCode, all } = await product(['up', '--mtls=strict', `--topology=${topology}`, ...flags])
  const id = /down --run=(\S+)/.exec(all)?.[1]
  if (id === undefined) {
    reportFailure(`an idle lab of ${topology}`, exitCode, all)
    return {}
  }
  try {
    using processor = watchProcessor()
    const from = Date.now()
    await sleep((idleSeconds + 0.5) * 1000, undefined, { signal: stop })
    const spent = processor.secondsBetween(from + 200, from + 200 + idleSeconds * 1000)
    return spent === undefined ? {} : { 'processor: idle lab, a minute': (spent * 60) / idleSeconds }
  } finally {
    await product(['down', `--run=${id}`])
  }
}

/**
 * Runs the documented steps for the same lab. Returns the seconds until both versions answered in both clusters, or
 * undefined where the script failed, or has no steps of that topology.
 */
export const timeByHand = async (
  topology: string,
  images: Images,
  restricted: boolean,
  stop: AbortSignal,
): Promise<number | undefined> => {
  if (!(await hasStepsByHand(topology))) {
    console.log(`${topology} is compared with nothing: scripts/by-hand.sh does not have its steps`)
    return undefined
  }
  // In a process group of its own: a terminal's Ctrl-C would also end the programs that clean up.
  const { exitCode, all } = await execa('bash', [byHandScript, topology], {
    ...childOptions,
    cancelSignal: stop,
    detached: true,
    env: byHandEnvironment(images, restricted),
  })
  stop.throwIfAborted()
  const seconds = /^lab ready ([\d.]+)$/m.exec(all)?.[1]
  if (exitCode === 0 && seconds !== undefined) return Number(seconds)
  reportFailure(`${topology} by hand`, exitCode, all)
  return undefined
}

const LargeMesh = z.object({ seconds: z.number(), megabytes: z.number() })

/** Diagnoses a mesh of thousands of pods in a process of its own: the seconds and the megabytes that it took. */
export const timeLargeMesh = async (stop: AbortSignal): Promise<Figures> => {
  const { stdout } = await execa(process.execPath, [join(root, 'harness/testing/large-mesh.ts')], {
    cwd: root,
    cancelSignal: stop,
  })
  const { seconds, megabytes } = LargeMesh.parse(JSON.parse(stdout))
  return { 'large mesh: diagnosis': seconds, 'large mesh: megabytes': megabytes }
}
