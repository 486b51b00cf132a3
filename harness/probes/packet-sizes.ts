import { hostPort, sized, timedOut, transfer, transfersIn } from './transfers.ts'

/**
 * Sizes of packets, in bytes, of which the largest that passes is looked for. The largest goes first: a server that is
 * only slow leaves the last ones without an answer, and those are small.
 */
const sizes = [1492, 1480, 1450, 1420, 1400, 1350, 1280, 1200, 1000, 800, 576, 500]

/** What IP and TCP put around the payload of a packet, their usual options included. */
const headers = 52

/** curl’s arguments for one request of each of several sizes, each in one packet. */
export const sizesCommand = (host: string, port: number): string[] => {
  const to = hostPort(host, port)
  return [
    'curl',
    '--parallel',
    '--parallel-immediate',
    ...sizes.flatMap((size, index) => [
      ...(index === 0 ? [] : ['--next']),
      ...transfer(String(size), `http://${to}/?${sized(to, size - headers)}`, 5),
    ]),
  ]
}

/**
 * The largest size that passed and the smallest that was lost, in bytes; undefined where there is no account, or none
 * passed. Where a larger one passed again, it was not the size that lost the smaller one.
 */
export const largestIn = (output: string): { passed: number; lost: number | undefined } | undefined => {
  const transfers = transfersIn(output).filter(({ connected }) => connected > 0)
  const passed = transfers.filter(({ exit }) => exit !== timedOut).map(({ kind }) => Number(kind))
  const lost = transfers.filter(({ exit }) => exit === timedOut).map(({ kind }) => Number(kind))
  if (passed.length === 0) return undefined
  const largest = Math.max(...passed)
  const smallest = Math.min(...lost)
  return { passed: largest, lost: lost.length > 0 && smallest > largest ? smallest : undefined }
}
