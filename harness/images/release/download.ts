import { createHash, type Hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { request, type Dispatcher } from 'undici'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'
import { NotNow, patiently, retryAfter, type Patience } from './patience.ts'
import { hostUnreachable, wayOut, whyUnreachable } from './registry.ts'

const mostRedirects = 5

/** How long a host may be silent in the middle of a file, in milliseconds. */
const longestSilence = 30_000

/** A published file: where it is and the SHA-256 it must have, in hexadecimal. */
export type PublishedFile = { url: string; sha256: string }

/**
 * What has arrived of a file: its bytes, their hash, and what the host calls this version of it, without which no rest
 * can be asked for.
 */
type Arrived = { bytes: number; hash: Hash; version: string | undefined }

/**
 * Downloads a published file and checks it while it streams. A host that is busy (429, 5xx) is asked again; of a
 * download that breaks off the rest is asked for, or all of it where the host does not say that it is still the same
 * file. Whatever goes wrong, nothing is left at `path`.
 * @throws MeshproofError MP-320 when a host does not answer (5 s to connect, 10 s to the headers), MP-321 when the file
 * is not there, breaks off again and again or stands still for 30 s, MP-311 when its checksum is another; Interrupted
 * when the signal fires.
 */
export const download = async (
  { url, sha256 }: PublishedFile,
  path: string,
  patience: Patience = {},
  silence = longestSilence,
): Promise<void> => {
  let arrived: Arrived = { bytes: 0, hash: createHash('sha256'), version: undefined }
  const attempt = async (): Promise<void> => {
    const { statusCode, headers, body } = await open(new URL(url), silence, patience.signal, arrived)
    if (statusCode !== 206) arrived = { bytes: 0, hash: createHash('sha256'), version: versionOf(headers) }
    const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        arrived.hash.update(chunk)
        arrived.bytes += chunk.length
        yield chunk
      }
    }
    try {
      await pipeline(body, counted, createWriteStream(path, { flags: statusCode === 206 ? 'a' : 'w' }))
    } catch (error) {
      throw brokenOff(url, error, patience.signal)
    }
  }
  try {
    await patiently(attempt, patience)
    const actual = arrived.hash.digest('hex')
    if (actual !== sha256) throw mismatch(url, sha256, actual)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** A tag that holds for every byte, or the date; a weak tag says nothing about bytes (RFC 9110, 13.1.5). */
const versionOf = ({ etag, 'last-modified': modified }: Dispatcher.ResponseData['headers']): string | undefined =>
  [etag, modified].find((header) => typeof header === 'string' && !header.startsWith('W/'))?.toString()

const brokenOff = (url: string, error: unknown, signal: AbortSignal | undefined): unknown => {
  if (signal?.aborted) return new Interrupted()
  if (codeOf(error) === 'UND_ERR_BODY_TIMEOUT') return unavailable(url, 'it stood still, and no byte of it came', error)
  return isBroken(error)
    ? new NotNow(unavailable(url, `it broke off again and again: ${reasonOf(error)}`, error), 'it broke off')
    : unavailable(url, reasonOf(error), error)
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** A connection that ended too early. What a disk refuses has other codes. */
const isBroken = (error: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(String(codeOf(error)))

/**
 * The SHA-256 that a publisher puts at an address of its own, beside the file; asked as patiently as for a file.
 * @throws MeshproofError MP-320 and MP-321 as download does, MP-321 too where there is no checksum in it; Interrupted
 * when the signal fires.
 */
export const publishedChecksum = async (beside: string, patience: Patience = {}): Promise<string> => {
  const content = await patiently(async () => {
    const { body } = await open(new URL(beside), longestSilence, patience.signal)
    return text(body).catch((error: unknown) => {
      throw brokenOff(beside, error, patience.signal)
    })
  }, patience)
  return checksumIn(content, beside)
}

/** The SHA-256 that a checksum file begins with. @throws MeshproofError MP-321 where there is none. */
export const checksumIn = (content: string, where: string): string => {
  const [checksum = ''] = content.trim().split(/\s+/)
  if (!/^[0-9a-f]{64}$/.test(checksum)) throw unavailable(where, 'there is no SHA-256 in it')
  return checksum
}

/**
 * The answer after redirects, all of the file or the rest; each hop is asked here so that an error names the host that
 * is out of reach.
 */
const open = async (
  first: URL,
  silence: number,
  signal?: AbortSignal,
  { bytes, version }: Pick<Arrived, 'bytes' | 'version'> = { bytes: 0, version: undefined },
): Promise<Answer> => {
  const rest = bytes > 0 && version !== undefined ? { range: `bytes=${bytes}-`, 'if-range': version } : {}
  let url = first
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const answer = await ask(url, rest, silence, signal)
    const { statusCode, headers, body } = answer
    if (statusCode === 200 || (statusCode === 206 && isFrom(bytes, headers))) return answer
    body.on('error', () => undefined).destroy()
    const failed = unavailable(url.href, `HTTP ${statusCode}`)
    if (statusCode === 429 || statusCode >= 500)
      throw new NotNow(failed, `${url.host}: HTTP ${statusCode}`, retryAfter(headers['retry-after']?.toString()))
    const { location } = headers
    if (statusCode < 300 || statusCode >= 400 || typeof location !== 'string') throw failed
    url = new URL(location, url)
  }
  throw unavailable(first.href, `more than ${mostRedirects} redirects`)
}

type Answer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'> & { body: Readable }

const isFrom = (bytes: number, headers: Dispatcher.ResponseData['headers']): boolean =>
  String(headers['content-range']).startsWith(`bytes ${bytes}-`)

const ask = async (
  url: URL,
  headers: Record<string, string>,
  silence: number,
  signal?: AbortSignal,
): Promise<Answer> => {
  try {
    return await request(url, {
      dispatcher: wayOut(),
      headers,
      headersTimeout: 10_000,
      bodyTimeout: silence,
      ...(signal ? { signal } : {}),
    })
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted()
    const unreachable = hostUnreachable(url.host, whyUnreachable(cause), cause)
    throw isBroken(cause) ? new NotNow(unreachable, `${url.host}: ${reasonOf(cause)}`) : unreachable
  }
}

const unavailable = (url: string, why: string, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-321', {
    what: 'A published file could not be downloaded',
    where: url,
    why,
    next: 'Run the same command again: what was downloaded so far is cached. Or use --images=source.',
    cause,
  })

/** The error for a file that is not the one it should be. */
export const mismatch = (url: string, expected: string, actual: string): MeshproofError =>
  new MeshproofError('MP-311', {
    what: 'A download does not match its pinned checksum; it was refused and nothing was cached',
    where: url,
    why: `expected ${expected}, got ${actual}`,
    next: 'Check what stands between this machine and that host. The pins are in fixtures/images/release.yaml.',
  })
