import type { Tell, TellArrived } from '#images/release/patience.ts'

/** What stops a build, and whom it tells: what it waits for, what has arrived, which share of it is done (0 to 1). */
export type Making = {
  signal?: AbortSignal | undefined
  tell?: Tell
  arrived?: TellArrived
  advanced?: (share: number) => void
}

/** Something that is built once and then cached. */
export type BuildItem = {
  name: string
  /** The hash of everything that it is made from. */
  key: string
  /** `cpu` items compile. `network` items mostly wait, and run beside them. */
  lane: 'cpu' | 'network'
  /** Programs of one module share most of what the compiler makes, so they are built one after the other. */
  module?: string
  /** The duration of a build from scratch on two cores, in seconds. The estimate of the remaining time uses it. */
  seconds: number
  make: (folder: string, making: Making) => Promise<void>
}

/** Something without a hash of what it is made from. It is built every time, and cached by the hash of the result. */
export type FreshItem = Omit<BuildItem, 'key'> & { key?: undefined }
