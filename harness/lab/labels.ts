/** The label that says a container, network or image belongs to a run; its value is the run's id. */
export const runLabel = 'dev.meshproof.run'

/** The label that names the process which answers for it. */
export const ownerLabel = 'dev.meshproof.owner'

/** The label of a container that a node image is made in; its value is the process which answers for it. The image keeps it, and so have its nodes. */
export const preloadLabel = 'dev.meshproof.preload'

/** What a run's things are called: nobody else's carry this prefix and this id. */
export const nameOf = (runId: string, part?: string): string => ['meshproof', runId, part].filter(Boolean).join('-')

/** The image that a run's nodes are started from: the preloaded one with the run's labels, which its containers inherit. */
export const runImage = (runId: string): string => `meshproof/run:${runId}`

/** docker's arguments for the two labels. */
export const labelArguments = (runId: string, owner: string): string[] =>
  ['--label', `${runLabel}=${runId}`, '--label', `${ownerLabel}=${owner}`]
