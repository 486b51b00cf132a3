import { MeshproofError } from '#errors.ts'
import { exchangesOf, versionIn } from '#probes/exchanges.ts'
import type { Sample } from './probing.ts'

/**
 * Reads the requests of one pod’s file: each is its body and, after a record separator, its account
 * (fixtures/workloads/prober.yaml). One that was cut off is left out. @throws MeshproofError MP-611 when an account is
 * not what was asked for.
 */
export const parseRequests = (pod: string, text: string): Sample[] =>
  exchangesOf(text).flatMap(({ body, account }) => {
    if (account === undefined) return []
    const { query, endedAt, milliseconds, error, ...fields } = fieldsOf(pod, account)
    return [
      {
        ...fields,
        id: `${pod}/${query.slice('n='.length)}`,
        startedAt: endedAt - milliseconds,
        milliseconds,
        error: error || (fields.status === 200 ? '' : body.trim()),
        version: versionIn(body) ?? '',
        instance: /instance: (\S+)/.exec(body)?.[1] ?? '',
      },
    ]
  })

/**
 * Reads the long answers of one pod’s file: curl’s trace of what came when, and its account of how each ended. A
 * sample is a line, from when it was sent until it came, or an end: only that one has words in `error`. The last answer
 * may still go on.
 * @throws MeshproofError MP-611 when an account is not what was asked for.
 */
export const parseStream = (pod: string, text: string): Sample[] =>
  exchangesOf(text)
    .flatMap(({ body, account }): Omit<Sample, 'id'>[] => {
      const lines = linesOf(body)
      if (account === undefined) return lines
      const { endedAt, milliseconds, error, query: _, ...fields } = fieldsOf(pod, account)
      const { version = '', instance = '' } = lines.at(-1) ?? {}
      // An answer that began was waited for line by line, and those are samples of their own.
      const waited = lines.length > 0 ? 0 : milliseconds
      return [
        ...lines,
        {
          ...fields,
          startedAt: endedAt - waited,
          milliseconds: waited,
          error: error || `the answer ended (${fields.status})`,
          version,
          instance,
        },
      ]
    })
    .map((sample, index) => ({ ...sample, id: `${pod}/${index + 1}` }))

/**
 * The whole lines of a long answer in curl’s trace, which says the time of day alone. A dump has a full stop for the
 * end of a line and a line of its own for every 64 bytes: what came together, after a pause, is put together again.
 */
const linesOf = (trace: string): Omit<Sample, 'id'>[] => {
  const [, version = '', instance = ''] = /version: (v\d+), instance: ([a-z0-9-]+)/.exec(trace) ?? []
  let cameAt = 0
  return trace
    .replaceAll(/(?<=^[0-9a-f]{4}: .{64})\n[0-9a-f]{4}: /gm, '')
    .split('\n')
    .flatMap((line) => {
      const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d\.\d+) <= Recv data/.exec(line) ?? []
      if (seconds !== undefined) cameAt = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
      return [...line.matchAll(/\b\d+ (\d{13})\./g)].map(([, sent]) => {
        const startedAt = Number(sent)
        return {
          startedAt,
          milliseconds: Math.max(0, onTheDayOf(startedAt, cameAt) - startedAt),
          status: 200,
          exit: 0,
          error: '',
          flags: '',
          attempts: 1,
          version,
          instance,
        }
      })
    })
}

const day = 86_400_000

/** A time of day, in milliseconds, as the moment nearest to another. */
const onTheDayOf = (moment: number, timeOfDay: number): number =>
  timeOfDay + Math.round((moment - timeOfDay) / day) * day

/** The fields of an account. @throws MeshproofError MP-611 where one of them is missing. */
const fieldsOf = (
  pod: string,
  line: string,
): Pick<Sample, 'milliseconds' | 'status' | 'exit' | 'flags' | 'attempts' | 'error'> & {
  endedAt: number
  query: string
} => {
  const [ended, query, total, status, exit, flags, attempts, error] = line.split('\t')
  const numbers = [ended, total, status, exit].map((field) =>
    field === undefined || field === '' ? NaN : Number(field),
  )
  if (error === undefined || query === undefined || numbers.some((number) => Number.isNaN(number))) {
    throw new MeshproofError('MP-611', {
      what: 'A probe’s account of a request cannot be read',
      where: pod,
      why: `“${line}”`,
      next: 'It takes a curl of 8.16 or newer in the image of the role curl.',
    })
  }
  const [endedAt = 0, seconds = 0, code = 0, left = 0] = numbers
  // A proxy that has nothing to say of its flags writes a hyphen; without a proxy there is no header.
  return {
    endedAt: endedAt * 1000,
    query,
    milliseconds: seconds * 1000,
    status: code,
    exit: left,
    flags: flags === '-' ? '' : (flags ?? ''),
    attempts: Math.max(1, Number(attempts) || 1),
    error,
  }
}
