import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from '#programs.ts'
import pMap from 'p-map'
import { docker } from '#engine/docker.ts'
import { checksumIn, download, mismatch, publishedChecksum } from './download.ts'
import type { Patience } from './patience.ts'
import { mirroredIn } from './registry.ts'
import { filesOf, type PublishedDownload, type ReleasePlan } from './release-plan.ts'
import { pull } from './transfer.ts'

/** Gets a published file and checks its checksum. */
export type Fetch = (file: PublishedDownload, path: string, patience: Patience) => Promise<void>

/** Downloads a file from its publisher. @throws MeshproofError MP-311, MP-320 and MP-321, as a download does. */
const fetchPublished: Fetch = async ({ url, checksum }, path, patience) =>
  download(
    { url, sha256: 'pinned' in checksum ? checksum.pinned : await publishedChecksum(checksum.published, patience) },
    path,
    patience,
  )

/** The platform of the image of files. Files have no architecture, and every engine accepts this one. */
const platform = 'linux/amd64'

/**
 * Calls `work` with a function that gets files. They come from the image of files where the engine has it, otherwise
 * from a mirror’s image of files where a mirror is given, otherwise from their publishers. Nothing is pulled or
 * opened before the first file is needed.
 */
export const withFiles = <Made>(
  plan: Pick<ReleasePlan, 'files'>,
  registry: string | undefined,
  work: (fetch: Fetch) => Promise<Made>,
): Promise<Made> =>
  inScratch((folder) => {
    let source: Promise<Fetch> | undefined
    return work(async (file, path, patience) =>
      (await (source ??= openSource(plan.files, registry, folder, patience)))(file, path, patience),
    )
  })

/**
 * Opens the image of files where there is one.
 * @throws MeshproofError MP-320 or MP-323 when the mirror's image cannot be pulled, MP-202 when the engine cannot open
 * it.
 */
const openSource = async (
  name: string,
  registry: string | undefined,
  folder: string,
  { signal, ...patience }: Patience,
): Promise<Fetch> => {
  if (!(await inEngine(name))) {
    if (registry === undefined) return fetchPublished
    const mirrored = mirroredIn(registry, { name, digest: undefined })
    await pull(mirrored, 'amd64', { signal, ...patience })
    await docker(['tag', mirrored.name, name], { signal })
  }
  const container = await docker(['create', '--platform', platform, name, 'none'], { signal })
  try {
    await docker(['cp', `${container}:/files/.`, folder], { signal })
  } finally {
    await docker(['rm', container])
  }
  return fetchFrom(folder)
}

/** True when the engine has an image of that name. */
export const inEngine = (name: string): Promise<boolean> =>
  docker(['image', 'inspect', '--format', '{{.Id}}', name]).then(
    () => true,
    () => false,
  )

/**
 * Builds the image of files with these labels. It holds each file as it is published, for every platform, and beside it
 * the checksum of its publisher.
 * @throws MeshproofError as `fetch` does; MP-202 when the engine refuses.
 */
export const packFiles = (
  { release, versions, files }: ReleasePlan,
  labels: Record<string, string>,
  fetch: Fetch,
  patience: Patience = {},
): Promise<void> =>
  inScratch(async (folder) => {
    await pMap(
      filesOf(release, versions),
      async (file) => {
        const path = pathOf(join(folder, 'files'), file.url)
        await mkdir(dirname(path), { recursive: true })
        await fetch(file, path, patience)
        if ('published' in file.checksum)
          await writeFile(pathOf(join(folder, 'files'), file.checksum.published), `${await sha256Of(path)}\n`)
      },
      { concurrency: 2 },
    )
    const archive = join(folder, 'files.tar')
    await execa('tar', ['-cf', archive, '-C', folder, 'files'])
    await docker(
      [
        'import',
        '--platform',
        platform,
        ...Object.entries(labels).flatMap(([name, value]) => ['--change', `LABEL ${name}="${value}"`]),
        archive,
        files,
      ],
      { signal: patience.signal },
    )
  })

/** The path of a file in the image: its host and the path of its address. */
const pathOf = (folder: string, url: string): string =>
  join(folder, new URL(url).host.replace(':', '_'), new URL(url).pathname)

const fetchFrom =
  (folder: string): Fetch =>
  async ({ url, checksum }, path) => {
    await copyFile(pathOf(folder, url), path)
    const actual = await sha256Of(path)
    const expected =
      'pinned' in checksum
        ? checksum.pinned
        : checksumIn(await readFile(pathOf(folder, checksum.published), 'utf8'), checksum.published)
    if (actual !== expected) throw mismatch(url, expected, actual)
  }

const sha256Of = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

const inScratch = async <Made>(work: (folder: string) => Promise<Made>): Promise<Made> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-files-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
