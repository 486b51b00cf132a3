import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { cacheFolder } from '#images/cache.ts'
import { ownerLives } from '#engine/owner.ts'
import { Images } from '#images/images.ts'
import { writeWhole } from '#results/write-whole.ts'

const RunState = z.object({
  id: z.string(),
  topology: z.string(),
  mtls: z.enum(['strict', 'off']),
  /** Istio’s root namespace. Absent in runs of older versions, which have the default. */
  istioNamespace: z.string().optional(),
  owner: z.string(),
  kept: z.boolean(),
  /**
   * The images of the lab. Later commands on a kept lab use and report these, although newer images may exist by then.
   */
  images: Images.optional(),
})

/** The state of a run, in a folder that only this user can read. It exists as long as anything of the run exists. */
export type RunState = z.infer<typeof RunState>

/** A new id of a run. Ids sort by time, and runs of the same second have different ids. */
export const newRunId = (now = new Date()): string =>
  `${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`

const runsFolder = (): string => join(cacheFolder(), 'runs')

/** The run's private folder. Kubeconfigs and keys are here and in no report. */
export const runFolder = (id: string): string => join(runsFolder(), id)

/** Writes a run's state. An interrupted write leaves the previous state. */
export const saveRun = async (state: RunState): Promise<void> => {
  await mkdir(runFolder(state.id), { recursive: true, mode: 0o700 })
  await writeWhole(join(runFolder(state.id), 'run.json'), JSON.stringify(state, null, 2), 0o600)
}

/**
 * Reads a run's state, from its own folder where the run has another cache folder. Returns undefined where there is
 * none that can be read.
 */
export const loadRun = async (id: string, folder = runFolder(id)): Promise<RunState | undefined> =>
  readFile(join(folder, 'run.json'), 'utf8').then(
    (text) => RunState.parse(JSON.parse(text)),
    () => undefined,
  )

/**
 * Whether a run’s folder keeps its state from this user: it is another user’s, who alone knows whether the lab was
 * kept. A folder that is gone keeps nothing.
 */
export const isClosed = (folder: string): Promise<boolean> =>
  access(join(folder, 'run.json'), constants.R_OK).then(
    () => false,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT'),
  )

const userPrefix = 'used-by-'

/**
 * Notes that a process uses a kept lab. The note lasts until `leaveLab`, or until the process has ended. Where it
 * cannot be written the run goes on: `down` then does not know of it.
 */
export const useLab = (id: string, owner: string): Promise<void> =>
  writeWhole(join(runFolder(id), userFile(owner)), owner, 0o600).catch(() => undefined)

/** Removes the note of `useLab`. */
export const leaveLab = (id: string, owner: string): Promise<void> =>
  rm(join(runFolder(id), userFile(owner)), { force: true })

const userFile = (owner: string): string => `${userPrefix}${owner.replaceAll('/', '-')}`

/** The processes (harness/engine/owner.ts) that use a kept lab now, from its folder. */
export const usersOf = async (folder: string): Promise<string[]> => {
  const notes = (await readdir(folder).catch((): string[] => [])).filter((name) => name.startsWith(userPrefix))
  const owners = await Promise.all(notes.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
  const living = await Promise.all(owners.map(async (owner) => owner !== '' && (await ownerLives(owner))))
  return owners.filter((_, index) => living[index])
}

/** The ids of the runs that have a state, oldest first. */
export const runIds = async (): Promise<string[]> =>
  (await readdir(runsFolder()).catch((): string[] => [])).sort((a, b) => a.localeCompare(b))

/** Deletes a run's folder with its state, keys and kubeconfigs. */
export const forgetRun = (id: string): Promise<void> => rm(runFolder(id), { recursive: true, force: true })
