import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import pMap from 'p-map'
import { docker } from '#engine/docker.ts'
import { checksumIn, download, mismatch, publishedChecksum } from './download.ts'
import type { Patience } from './patience.ts'
import { mirroredIn } from './registry.ts'
import { filesOf, type PublishedDownload, type ReleasePlan } from './release-plan.ts'
import { pull } from './transfer.ts'

/** How a published file is had, checked against its checksum. */
export type Fetch = (file: PublishedDownload, path: string, patience: Patience) => Promise<void>

/** From where it is published. @throws MeshproofError MP-311, MP-320 and MP-321, as a download does. */
export const fetchPublished: Fetch = async ({ url, checksum }, path, patience) =>
  download(
    { url, sha256: 'pinned' in checksum ? checksum.pinned : await publishedChecksum(checksum.published, patience) },
    path,
    patience,
  )

/** Files have no architecture: under one name for it, every engine takes their image. */
const platform = 'linux/amd64'

/**
 * Gives `work` the way to files: the image of files where the engine has it, or a mirror that is asked for it, and else
 * their publishers. Nothing is pulled or opened before a file is asked for.
 */
export const withFiles = <Made>(
  plan: Pick<ReleasePlan, 'files'>,
  registry: string | undefined,
  work: (fetch: Fetch) => Promise<Made>,
): Promise<Made> =>
  inScratch((folder) => {
    let way: Promise<Fetch> | undefined
    return work(async (file, path, patience) =>
      (await (way ??= wayTo(plan.files, registry, folder, patience)))(file, path, patience),
    )
  })

/**
 * @throws MeshproofError MP-320 and MP-323 when the mirror's image cannot be had, MP-202 when the engine refuses to
 * open it.
 */
const wayTo = async (
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
 * Makes the image of files, which holds each as it is published, for every platform, beside the checksum that its
 * publisher tells; `labels` go with it.
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
        const path = placeOf(join(folder, 'files'), file.url)
        await mkdir(dirname(path), { recursive: true })
        await fetch(file, path, patience)
        if ('published' in file.checksum)
          await writeFile(placeOf(join(folder, 'files'), file.checksum.published), `${await sha256Of(path)}\n`)
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

/** A file keeps its address as its place, host and all. */
const placeOf = (folder: string, url: string): string =>
  join(folder, new URL(url).host.replace(':', '_'), new URL(url).pathname)

const fetchFrom =
  (folder: string): Fetch =>
  async ({ url, checksum }, path) => {
    await copyFile(placeOf(folder, url), path)
    const actual = await sha256Of(path)
    const expected =
      'pinned' in checksum
        ? checksum.pinned
        : checksumIn(await readFile(placeOf(folder, checksum.published), 'utf8'), checksum.published)
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
