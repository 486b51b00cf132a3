import { docker } from '#engine/docker.ts'
import { folderLabel, ownerLabel, preloadLabel, preloadPrefix, runImage, runLabel } from '#engine/labels.ts'
import { ownerLives } from '#engine/owner.ts'
import { forgetRun, isClosed, loadRun, runFolder, runIds, usersOf } from './run-state.ts'

/**
 * A run of which something exists: in the engine, or as a folder with its state. `owner` is its process
 * (harness/engine/owner.ts), and `users` are the processes that use its kept lab now. `closed`: it is of another user
 * of the engine, whose folder this one may not read, so that nobody here knows whether it is kept.
 */
export type LeftRun = { id: string; owner: string; alive: boolean; kept: boolean; closed: boolean; users: string[] }

/** Finds every run of which something exists. In the engine it looks only at what has the labels of a run. */
export const findLeftRuns = async (): Promise<LeftRun[]> => {
  const format = `{{.Label "${runLabel}"}} {{.Label "${ownerLabel}"}} {{.Label "${folderLabel}"}}`
  const filter = ['--filter', `label=${runLabel}`, '--format']
  const labelled = await Promise.all([
    docker(['ps', '--all', ...filter, format]),
    docker(['network', 'ls', ...filter, format]),
    docker(['images', '--filter', `label=${runLabel}`, '--format', '{{.Tag}}']),
  ])
  const runs = new Map<string, { owner: string; folder?: string }>()
  for (const line of labelled.join('\n').split('\n')) {
    const [id, owner = '', ...folder] = line.split(' ')
    // The tag of an image is the id of its run. An image whose tag has moved to a newer image names no run.
    if (id && id !== '<none>' && (owner || !runs.has(id)))
      runs.set(id, { owner, ...(folder.length > 0 ? { folder: folder.join(' ') } : {}) })
  }
  for (const id of await runIds()) if (!runs.has(id)) runs.set(id, { owner: '' })
  return Promise.all(
    [...runs].map(async ([id, { owner, folder }]) => {
      const state = (await loadRun(id)) ?? (folder ? await loadRun(id, folder) : undefined)
      const process = owner || state?.owner || ''
      return {
        id,
        owner: process,
        alive: process !== '' && (await ownerLives(process)),
        kept: state?.kept ?? false,
        closed: folder !== undefined && (await isClosed(folder)),
        users: await usersOf(folder ?? runFolder(id)),
      }
    }),
  )
}

/** Removes everything of a run from the engine, and the folder with its keys. */
export const removeRun = async (id: string): Promise<void> => {
  const label = `label=${runLabel}=${id}`
  const removeContainers = async (): Promise<void> => {
    const containers = await docker(['ps', '--all', '--quiet', '--filter', label])
    if (containers) await docker(['rm', '--force', '--volumes', ...containers.split('\n')])
  }
  await removeContainers()
  const networks = await docker(['network', 'ls', '--quiet', '--filter', label])
  if (networks)
    await docker(['network', 'rm', ...networks.split('\n')]).catch(async () => {
      // A run that is in progress has started another container in the meantime.
      await removeContainers()
      await docker(['network', 'rm', ...networks.split('\n')])
    })
  const image = await docker(['images', '--quiet', runImage(id)])
  if (image) await docker(['rmi', '--force', runImage(id)])
  await forgetRun(id)
}

/** Removes the containers in which a killed process was building a node image. */
const removePreloads = async (): Promise<void> => {
  const filter = ['--filter', `label=${preloadLabel}`, '--filter', `name=^${preloadPrefix}`]
  const containers = await docker(['ps', '--all', ...filter, '--format', `{{.ID}} {{.Label "${preloadLabel}"}}`])
  for (const line of containers.split('\n')) {
    const [id, owner = ''] = line.split(' ')
    if (id && !(await ownerLives(owner))) await docker(['rm', '--force', '--volumes', id])
  }
}

/**
 * Removes the runs whose process has ended, except kept ones and those of other users, and returns their ids. Also
 * removes the containers in which such a process was building a node image.
 */
export const reap = async (): Promise<string[]> => {
  const dead = (await findLeftRuns())
    .filter(({ alive, kept, closed }) => !alive && !kept && !closed)
    .map(({ id }) => id)
  for (const id of dead) await removeRun(id)
  await removePreloads()
  return dead
}
