import { randomUUID } from 'node:crypto'

/** The label that says a container, network or image belongs to a run; its value is the run's id. */
export const runLabel = 'dev.meshproof.run'

/** The label that names the process which answers for it. */
export const ownerLabel = 'dev.meshproof.owner'

/** The label of a container that a node image is made in; its value is the process which answers for it. */
export const preloadLabel = 'dev.meshproof.preload'

/**
 * What such containers' names begin with. The image that is made keeps the label, and so has whatever anybody starts
 * from it; the name it has not.
 */
export const preloadPrefix = 'meshproof-preload-'

/** What a run's things are called: nobody else's carry this prefix and this id. */
export const nameOf = (runId: string, part?: string): string => ['meshproof', runId, part].filter(Boolean).join('-')

/**
 * The image that a run's nodes are started from: the preloaded one with the run's labels, which its containers inherit.
 */
export const runImage = (runId: string): string => `meshproof/run:${runId}`

/** docker's arguments for the two labels. */
export const labelArguments = (runId: string, owner: string): string[] => [
  '--label',
  `${runLabel}=${runId}`,
  '--label',
  `${ownerLabel}=${owner}`,
]

/** docker's arguments for a container that a node image is made in. */
export const preloadArguments = (owner: string): string[] => [
  '--name',
  `${preloadPrefix}${randomUUID().slice(0, 8)}`,
  '--label',
  `${preloadLabel}=${owner}`,
]
