import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The processor time that this machine spent: of all processes, in all cores. */
export type ProcessorWatch = Disposable & {
  /**
   * The processor seconds spent between two moments, in milliseconds since the epoch. Undefined where the kernel does
   * not say, and for moments that were not watched.
   */
  secondsBetween: (from: number, to: number) => number | undefined
}

type Sample = { at: number; spent: number }

// The kernel counts in hundredths of a second (USER_HZ), on every architecture that Node runs on.
const ticksPerSecond = 100

/** The processor seconds since the machine started, without what it was idle or waited for disks. */
const spentSoFar = (): number | undefined => {
  try {
    const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
      readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
    )
      .split(/\s+/)
      .map(Number)
    return (user + nice + system + irq + softirq) / ticksPerSecond
  } catch {
    return undefined
  }
}

/** Looks five times a second how much processor time the machine has spent, until the end of the block. */
export const watchProcessor = (): ProcessorWatch => {
  const samples: Sample[] = []
  const look = (): void => {
    const spent = spentSoFar()
    if (spent !== undefined) samples.push({ at: Date.now(), spent })
  }
  look()
  const timer = setInterval(look, 200)
  const spentAt = (moment: number): number | undefined => {
    const next = samples.findIndex(({ at }) => at >= moment)
    const [before, after] = [samples[next - 1], samples[next]]
    if (before === undefined || after === undefined) return undefined
    return before.spent + ((after.spent - before.spent) * (moment - before.at)) / (after.at - before.at)
  }
  return {
    secondsBetween: (from, to) => {
      const [start, end] = [spentAt(from), spentAt(to)]
      return start === undefined || end === undefined ? undefined : end - start
    },
    [Symbol.dispose]: () => {
      clearInterval(timer)
    },
  }
}

/**
 * How fast a core of this machine is now: the signatures with an RSA key of 2048 bits that it makes in a second. On a
 * machine that is shared with others it changes within an hour, and every other figure with it.
 */
export const signaturesPerSecond = (): number => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const until = performance.now() + 1000
  let made = 0
  for (; performance.now() < until; made += 1) sign('sha256', Buffer.from('meshproof'), privateKey)
  return made
}
