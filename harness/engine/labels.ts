import { randomUUID } from 'node:crypto'

/** The label of every container, network and image of a run. Its value is the run's id. */
export const runLabel = 'dev.meshproof.run'

/** The label with the process that owns it (`ownerOf`). While that process lives, no other run deletes it. */
export const ownerLabel = 'dev.meshproof.owner'

/** The label with the run’s folder. A run with another cache folder finds there whether the lab was kept. */
export const folderLabel = 'dev.meshproof.folder'

/**
 * The label of a service that a check made as nobody should: a diagnosis says nothing of it. The check says what comes
 * of it.
 */
export const deliberateLabel = 'dev.meshproof.deliberate'

/** The label of a container in which a node image is built. Its value is the process that owns it (`ownerOf`). */
export const preloadLabel = 'dev.meshproof.preload'

/**
 * The beginning of the names of containers in which a node image is built. The label alone does not identify them: the
 * node image keeps it, and so does every container that is started from the image.
 */
export const preloadPrefix = 'meshproof-preload-'

/** The name of a run's container, network or cluster: a prefix, the run's id, and `part`. */
export const nameOf = (runId: string, part?: string): string => ['meshproof', runId, part].filter(Boolean).join('-')

/**
 * The image from which a run's nodes are started: the preloaded image plus the labels of the run, which the containers
 * inherit.
 */
export const runImage = (runId: string): string => `meshproof/run:${runId}`

/** docker's arguments for the labels of a run: its id, its owner and its folder. */
export const labelArguments = (runId: string, owner: string, folder: string): string[] => [
  '--label',
  `${runLabel}=${runId}`,
  '--label',
  `${ownerLabel}=${owner}`,
  '--label',
  `${folderLabel}=${folder}`,
]

/** docker's arguments for a container in which a node image is built. */
export const preloadArguments = (owner: string): string[] => [
  '--name',
  `${preloadPrefix}${randomUUID().slice(0, 8)}`,
  '--label',
  `${preloadLabel}=${owner}`,
]
