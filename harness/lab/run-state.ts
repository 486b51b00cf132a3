import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { cacheFolder } from '#images/cache.ts'
import { Images } from '#images/images.ts'
import { writeWhole } from '#results/write-whole.ts'

const RunState = z.object({
  id: z.string(),
  topology: z.string(),
  mtls: z.enum(['strict', 'off']),
  /** Istio’s root namespace; runs of before there was a choice have the default. */
  istioNamespace: z.string().optional(),
  owner: z.string(),
  kept: z.boolean(),
  /** What its lab is made of: what it is asked later is told of that, whatever images there are by then. */
  images: Images.optional(),
})

/** What is remembered of a run while anything of it exists, in a folder of its own that only its user can read. */
export type RunState = z.infer<typeof RunState>

/** A new run's id: sortable by time, and different for runs of the same second. */
export const newRunId = (now = new Date()): string =>
  `${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`

const runsFolder = (): string => join(cacheFolder(), 'runs')

/** The run's private folder: kubeconfigs and keys lie here, never in a report. */
export const runFolder = (id: string): string => join(runsFolder(), id)

/** Writes a run's state, whole or not at all. */
export const saveRun = async (state: RunState): Promise<void> => {
  await mkdir(runFolder(state.id), { recursive: true, mode: 0o700 })
  await writeWhole(join(runFolder(state.id), 'run.json'), JSON.stringify(state, null, 2), 0o600)
}

/** Reads a run's state, or undefined where none is left. */
export const loadRun = async (id: string): Promise<RunState | undefined> =>
  readFile(join(runFolder(id), 'run.json'), 'utf8').then(
    (text) => RunState.parse(JSON.parse(text)),
    () => undefined,
  )

/** The ids of the runs that have left a state, oldest first. */
export const runIds = async (): Promise<string[]> =>
  (await readdir(runsFolder()).catch((): string[] => [])).sort((a, b) => a.localeCompare(b))

/** Forgets a run: its keys and kubeconfigs go with it. */
export const forgetRun = (id: string): Promise<void> => rm(runFolder(id), { recursive: true, force: true })
