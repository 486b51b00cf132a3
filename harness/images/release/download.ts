import { createHash, type Hash } from 'node:crypto'
import { open as openFile, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { request, type Dispatcher } from 'undici'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'
import { NotNow, patiently, retryAfter, type Patience } from './patience.ts'
import { hostUnreachable, outboundAgent, whyUnreachable } from './registry.ts'

const mostRedirects = 5

/** How long a host may send nothing in the middle of a file, in milliseconds. */
const longestSilence = 30_000

/** Milliseconds between two reports of how much of a file has arrived. */
const betweenReports = 200

/** A published file: its address and the SHA-256 that it must have, in hexadecimal. */
export type PublishedFile = { url: string; sha256: string }

/**
 * The part of a file that has arrived: the number of bytes, their hash, and the host's name for this version of the
 * file. Without a version the rest cannot be requested.
 */
type Arrived = { bytes: number; hash: Hash; version: string | undefined }

/**
 * Downloads a published file and checks it while it arrives. A host that is busy (429, 5xx) is asked again. When a
 * download breaks off, the rest is requested, or the whole file where the host does not confirm that it is the same.
 * After an error nothing is left at `path`.
 * @throws MeshproofError MP-320 when a host does not answer (5 s to connect, 10 s to the headers), MP-321 when the file
 * does not exist, breaks off again and again, or sends no byte for 30 s, MP-311 when its checksum is wrong; Interrupted
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
    const rest = Number(headers['content-length'])
    const of = Number.isNaN(rest) ? undefined : arrived.bytes + rest
    let reportedAt = performance.now()
    try {
      await using file = await openFile(path, statusCode === 206 ? 'a' : 'w')
      // A part that was written when the disk was full has not arrived.
      await file.truncate(arrived.bytes)
      for await (const chunk of body as AsyncIterable<Buffer>) {
        // Only what is on the disk has arrived: a stream would drop what it still holds when the connection breaks.
        await file.appendFile(chunk)
        arrived.hash.update(chunk)
        arrived.bytes += chunk.length
        if (performance.now() - reportedAt > betweenReports) {
          reportedAt = performance.now()
          patience.arrived?.({ bytes: arrived.bytes, of })
        }
      }
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

/** The entity tag, or the date. A weak tag does not identify the bytes (RFC 9110, 13.1.5) and is not used. */
const versionOf = ({ etag, 'last-modified': modified }: Dispatcher.ResponseData['headers']): string | undefined =>
  [etag, modified].find((header) => typeof header === 'string' && !header.startsWith('W/'))?.toString()

const brokenOff = (url: string, error: unknown, signal: AbortSignal | undefined): unknown => {
  if (signal?.aborted) return new Interrupted()
  if (codeOf(error) === 'UND_ERR_BODY_TIMEOUT') return unavailable(url, 'it stood still: no more bytes arrived', error)
  return isBroken(error)
    ? new NotNow(unavailable(url, `it broke off again and again: ${reasonOf(error)}`, error), 'it broke off')
    : unavailable(url, reasonOf(error), error)
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** True for a connection that ended too early. Errors of the disk have other codes. */
const isBroken = (error: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(String(codeOf(error)))

/**
 * Downloads the SHA-256 that a publisher puts at an address beside the file. It tries as often as for a file.
 * @throws MeshproofError MP-320 and MP-321 as download does, MP-321 too where there is no checksum in it; Interrupted
 * when the signal fires.
 */
export const publishedChecksum = async (address: string, patience: Patience = {}): Promise<string> => {
  const content = await patiently(async () => {
    const { body } = await open(new URL(address), longestSilence, patience.signal)
    return text(body).catch((error: unknown) => {
      throw brokenOff(address, error, patience.signal)
    })
  }, patience)
  return checksumIn(content, address)
}

/** The SHA-256 at the beginning of a checksum file. @throws MeshproofError MP-321 where there is none. */
export const checksumIn = (content: string, where: string): string => {
  const [checksum = ''] = content.trim().split(/\s+/)
  if (!/^[0-9a-f]{64}$/.test(checksum)) throw unavailable(where, 'there is no SHA-256 in it')
  return checksum
}

/**
 * Requests a file, or the rest of it, and follows redirects. It follows them itself, so that an error names the host
 * that cannot be reached.
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
      dispatcher: outboundAgent(),
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

/** The error for a file with a wrong checksum. */
export const mismatch = (url: string, expected: string, actual: string): MeshproofError =>
  new MeshproofError('MP-311', {
    what: 'A download does not match its pinned checksum; it was refused and nothing was cached',
    where: url,
    why: `expected ${expected}, got ${actual}`,
    next: 'Check proxies between this machine and that host. The pins are in fixtures/images/release.yaml.',
  })
