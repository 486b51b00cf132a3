import { MeshproofError } from '#errors.ts'
import { exchangesOf, versionIn } from '#probes/exchanges.ts'
import type { Sample } from './probing.ts'

/**
 * Reads the requests of one pod’s file. Each request is its body and, after a record separator, curl’s account of
 * it (fixtures/workloads/prober.yaml). A request without an account was cut off and is left out.
 * @throws MeshproofError MP-611 when an account lacks a field.
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
 * Reads the long answers of one pod’s file: curl’s trace of what arrived when, and its account of how each answer
 * ended. A sample is a line, from when it was sent until it arrived, or the end of an answer. Only an end has words in
 * `error`. The last answer may be incomplete.
 * @throws MeshproofError MP-611 when an account lacks a field.
 */
export const parseStream = (pod: string, text: string): Sample[] =>
  exchangesOf(text)
    .flatMap(({ body, account }): Omit<Sample, 'id'>[] => {
      const lines = linesOf(body)
      if (account === undefined) return lines
      const { endedAt, milliseconds, error, query: _, ...fields } = fieldsOf(pod, account)
      const { version = '', instance = '' } = lines.at(-1) ?? {}
      // If any line arrived, the samples of the lines already contain the time that the client waited.
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
 * The complete lines of a long answer in curl’s trace. The trace has the time of day without a date. It writes a full
 * stop for the end of a line, and begins a new line after every 64 bytes: those pieces are joined again.
 */
const linesOf = (trace: string): Omit<Sample, 'id'>[] => {
  const [, version = '', instance = ''] = /version: (v\d+), instance: ([a-z0-9-]+)/.exec(trace) ?? []
  let arrivedAt = 0
  return trace
    .replaceAll(/(?<=^[0-9a-f]{4}: .{64})\n[0-9a-f]{4}: /gm, '')
    .split('\n')
    .flatMap((line) => {
      const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d\.\d+) <= Recv data/.exec(line) ?? []
      if (seconds !== undefined) arrivedAt = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
      return [...line.matchAll(/\b\d+ (\d{13})\./g)].map(([, sent]) => {
        const startedAt = Number(sent)
        return {
          startedAt,
          milliseconds: Math.max(0, onTheDayOf(startedAt, arrivedAt) - startedAt),
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

/** The moment with this time of day, in milliseconds, that is nearest to `moment`. */
const onTheDayOf = (moment: number, timeOfDay: number): number =>
  timeOfDay + Math.round((moment - timeOfDay) / day) * day

/** The fields of an account. @throws MeshproofError MP-611 where a field is missing. */
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
      next: 'Use an image with curl 8.16 or newer for the role curl.',
    })
  }
  const [endedAt = 0, seconds = 0, statusCode = 0, exitCode = 0] = numbers
  // A proxy without flags writes a hyphen; without a proxy there is no header.
  return {
    endedAt: endedAt * 1000,
    query,
    milliseconds: seconds * 1000,
    status: statusCode,
    exit: exitCode,
    flags: flags === '-' ? '' : (flags ?? ''),
    attempts: Math.max(1, Number(attempts) || 1),
    error,
  }
}
