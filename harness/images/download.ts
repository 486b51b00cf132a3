import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { request } from 'undici'
import { Interrupted, MeshproofError, reasonOf } from '../errors.ts'
import { hostUnreachable, wayOut, whyUnreachable } from './registry.ts'

const mostRedirects = 5

/** A published file: where it is and the SHA-256 it must have, in hexadecimal. */
export type PublishedFile = { url: string; sha256: string }

/**
 * Downloads a published file and checks it while it streams. Whatever goes wrong, nothing is left at `path`.
 * @throws MeshproofError MP-320 when a host does not answer (5 s to connect, 10 s to the headers), MP-321 when the file is not
 *   there or breaks off, MP-311 when its checksum is another; Interrupted when the signal fires.
 */
export const download = async ({ url, sha256 }: PublishedFile, path: string, signal?: AbortSignal): Promise<void> => {
  const body = await open(new URL(url), signal)
  const hash = createHash('sha256')
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  try {
    await pipeline(body, hashed, createWriteStream(path))
    const actual = hash.digest('hex')
    if (actual !== sha256) throw mismatch(url, sha256, actual)
  } catch (error) {
    await rm(path, { force: true })
    if (signal?.aborted) throw new Interrupted()
    throw error instanceof MeshproofError ? error : unavailable(url, reasonOf(error), error)
  }
}

/**
 * The SHA-256 that a publisher puts beside a file, under the same address and `.sha256`.
 * @throws MeshproofError MP-320 and MP-321 as download does, MP-321 too where there is no checksum in it; Interrupted when the signal fires.
 */
export const publishedChecksum = async (url: string, signal?: AbortSignal): Promise<string> => {
  const beside = `${url}.sha256`
  const body = await open(new URL(beside), signal)
  const content = await text(body).catch((cause: unknown) => { throw signal?.aborted ? new Interrupted() : unavailable(beside, reasonOf(cause), cause) })
  const [checksum = ''] = content.trim().split(/\s+/)
  if (!/^[0-9a-f]{64}$/.test(checksum)) throw unavailable(beside, 'there is no SHA-256 in it')
  return checksum
}

/** The body of the answer after redirects; each hop is asked here so that an error names the host that is out of reach. */
const open = async (first: URL, signal?: AbortSignal): Promise<Readable> => {
  let url = first
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const { statusCode, headers, body } = await ask(url, signal)
    if (statusCode === 200) return body
    body.on('error', () => undefined).destroy()
    const { location } = headers
    if (statusCode < 300 || statusCode >= 400 || typeof location !== 'string') throw unavailable(url.href, `HTTP ${statusCode}`)
    url = new URL(location, url)
  }
  throw unavailable(first.href, `more than ${mostRedirects} redirects`)
}

const ask = async (url: URL, signal?: AbortSignal): ReturnType<typeof request> => {
  try {
    return await request(url, { dispatcher: wayOut(), headersTimeout: 10_000, bodyTimeout: 30_000, ...(signal ? { signal } : {}) })
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted()
    throw hostUnreachable(url.host, whyUnreachable(cause), cause)
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

const mismatch = (url: string, expected: string, actual: string): MeshproofError =>
  new MeshproofError('MP-311', {
    what: 'A download does not match its pinned checksum; it was refused and nothing was cached',
    where: url,
    why: `expected ${expected}, got ${actual}`,
    next: 'Check what stands between this machine and that host. The pins are in fixtures/images/release.yaml.',
  })
