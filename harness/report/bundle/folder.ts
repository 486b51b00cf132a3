import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { inOneLine, pathPart } from '#results/text.ts'
import { redacted } from './redact.ts'

/** A bundle while it is written. Whatever goes into it goes through here: redacted, and bounded. */
export type BundleFolder = {
  /**
   * Writes a file, compressed where its name ends in `.gz`. An empty one is left out; so is one that does not fit any
   * more, which is noted.
   */
  write: (file: string, text: string) => Promise<void>
  /** Notes what could not be had. */
  missing: (file: string, reason: string) => void
  /**
   * Writes `index.md`: what is here and what is not. False where nothing was written at all, and then there is no index
   * either.
   */
  close: (story: string[]) => Promise<boolean>
}

/** Bytes that are set aside for the index. */
const forIndex = 200_000

/** Characters that are kept of a log: its last ones. */
const longestLog = 2_000_000

/**
 * A folder of at most `bytes`. The values of `secrets` get into none of its files. It is created with its first file.
 */
export const bundleFolder = (folder: string, bytes: number, secrets: readonly string[]): BundleFolder => {
  const files = new Map<string, number>()
  const left = new Map<string, string>()
  let free = bytes - forIndex
  const put = async (file: string, content: Buffer): Promise<void> => {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  return {
    write: async (named, text) => {
      if (text.trim() === '') return
      const file = within(named)
      const safe = ending(redacted(text, secrets), file.endsWith('.log') ? longestLog : Infinity)
      const content = file.endsWith('.gz') ? await promisify(gzip)(safe) : Buffer.from(safe)
      if (content.length > free) {
        left.set(file, `its ${content.length} bytes no longer fit`)
        return
      }
      free -= content.length
      await put(file, content)
      files.set(file, content.length)
    },
    missing: (file, reason) => {
      left.set(within(file), reason)
    },
    close: async (story) => {
      if (files.size === 0) return false
      await put('index.md', Buffer.from(redacted(index(story, files, left), secrets)))
      return true
    },
  }
}

// Clusters, namespaces and pods give files their names.
const within = (file: string): string => file.split('/').map(pathPart).join('/')

const ending = (text: string, length: number): string =>
  text.length <= length
    ? text
    : `[the lines before are left out]\n${text.slice(text.indexOf('\n', text.length - length) + 1)}`

const index = (story: string[], files: Map<string, number>, left: Map<string, string>): string =>
  [
    '# Support bundle',
    '',
    ...story,
    '',
    'Keys, tokens and passwords are taken out; of secrets there are names and keys alone, of certificates ' +
      'subjects and fingerprints. What is empty has no file.',
    '',
    '| in the folder of a cluster | |',
    '|---|---|',
    '| `pods.txt`, `events.txt` | its pods, and its events, the last one last |',
    '| `objects/` | its objects by kind |',
    '| `istiod/` | debug pages of each istiod: proxies in sync (`syncz`), clusters it watches (`clusterz`), ' +
      'gateways of networks (`networkz`), endpoints (`endpointShardz`) |',
    '| `proxies/` | of each sidecar and gateway: configuration, upstream hosts with their health, counters, ' +
      'certificates |',
    '| `logs/` | of each container, `previous` before its last restart |',
    '| `node/` | addresses, routes and packet filters of its node, with counters; the log of its kubelet |',
    '',
    '## Files',
    '',
    ...sorted(files).map(([file, size]) => `- \`${file}\` ${size}`),
    '',
    ...(left.size > 0
      ? [
          '## What could not be had',
          '',
          ...sorted(left).map(([file, reason]) => `- \`${file}\`: ${inOneLine(reason)}`),
          '',
        ]
      : []),
  ].join('\n')

const sorted = <T>(map: Map<string, T>): [string, T][] => [...map].sort(([a], [b]) => a.localeCompare(b))
