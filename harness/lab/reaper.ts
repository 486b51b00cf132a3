import { docker } from '#engine/docker.ts'
import { ownerLabel, preloadLabel, preloadPrefix, runImage, runLabel } from '#engine/labels.ts'
import { ownerLives } from '#engine/owner.ts'
import { forgetRun, loadRun, runIds } from './run-state.ts'

/** A run that has left something in the engine, or a state folder. */
export type Remains = { id: string; alive: boolean; kept: boolean }

/** Every run that something is left of, told by our labels; nothing without them is even looked at. */
export const findRemains = async (): Promise<Remains[]> => {
  const format = `{{.Label "${runLabel}"}} {{.Label "${ownerLabel}"}}`
  const filter = ['--filter', `label=${runLabel}`, '--format']
  const labelled = await Promise.all([
    docker(['ps', '--all', ...filter, format]),
    docker(['network', 'ls', ...filter, format]),
    docker(['images', '--filter', `label=${runLabel}`, '--format', '{{.Tag}}']),
  ])
  const owners = new Map<string, string>()
  for (const line of labelled.join('\n').split('\n')) {
    const [id, owner = ''] = line.split(' ')
    // An image that lost its tag to a newer one tells no run.
    if (id && id !== '<none>' && (owner || !owners.has(id))) owners.set(id, owner)
  }
  for (const id of await runIds()) if (!owners.has(id)) owners.set(id, '')
  return Promise.all(
    [...owners].map(async ([id, owner]) => {
      const state = await loadRun(id)
      const answersFor = owner || state?.owner || ''
      return { id, alive: answersFor !== '' && (await ownerLives(answersFor)), kept: state?.kept ?? false }
    }),
  )
}

/** Removes everything of one run from the engine and forgets its keys. What is not there is fine. */
export const removeRun = async (id: string): Promise<void> => {
  const label = `label=${runLabel}=${id}`
  const containers = await docker(['ps', '--all', '--quiet', '--filter', label])
  if (containers) await docker(['rm', '--force', '--volumes', ...containers.split('\n')])
  const networks = await docker(['network', 'ls', '--quiet', '--filter', label])
  if (networks) await docker(['network', 'rm', ...networks.split('\n')])
  const image = await docker(['images', '--quiet', runImage(id)])
  if (image) await docker(['rmi', '--force', runImage(id)])
  await forgetRun(id)
}

/** Removes the containers in which a killed process was making a node image. */
const removePreloads = async (): Promise<void> => {
  const filter = ['--filter', `label=${preloadLabel}`, '--filter', `name=^${preloadPrefix}`]
  const all = await docker(['ps', '--all', ...filter, '--format', `{{.ID}} {{.Label "${preloadLabel}"}}`])
  for (const line of all.split('\n')) {
    const [id, owner = ''] = line.split(' ')
    if (id && !(await ownerLives(owner))) await docker(['rm', '--force', '--volumes', id])
  }
}

/**
 * Removes the runs whose process is gone and that nobody asked to keep, and returns their ids; what such a process was
 * making of a node image goes, too.
 */
export const reap = async (): Promise<string[]> => {
  const dead = (await findRemains()).filter(({ alive, kept }) => !alive && !kept).map(({ id }) => id)
  for (const id of dead) await removeRun(id)
  await removePreloads()
  return dead
}
