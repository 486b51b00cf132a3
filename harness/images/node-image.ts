import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execa } from '#programs.ts'
import { pack } from 'tar-stream'
import { docker } from '#engine/docker.ts'
import { preloadArguments } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { artifact, isCached } from '#images/cache.ts'
import { digestsIn, digestsLabel, digestsLabelValue } from '#images/release/digests-label.ts'
import { inEngine } from '#images/release/files.ts'
import { recipeFolder } from '#images/source/recipes.ts'

/** A file of the node image: its path, content and mode. */
export type NodeFile = { to: string; content: () => Promise<Buffer>; mode: number }

/** The files that a node image adds to Debian: kind's files (from its Go module), Kubernetes' programs and version. */
export const nodeFiles = async function* (
  kindFiles: string,
  programs: Record<string, string>,
  version: string,
): AsyncGenerator<NodeFile> {
  const manifest = (): Promise<Buffer> => readFile(join(recipeFolder, 'node/manifest.yaml'))
  for (const entry of await readdir(kindFiles, { recursive: true, withFileTypes: true })) {
    if (
      !entry.isFile() ||
      /LICENSES|README|fuse-overlayfs|crictl|clean-install/.test(join(entry.parentPath, entry.name))
    )
      continue
    const from = join(entry.parentPath, entry.name)
    const to = relative(kindFiles, from)
    yield { to, content: () => readFile(from), mode: /^(usr\/local|kind)\/bin\//.test(to) ? 0o755 : 0o644 }
  }
  for (const [name, from] of Object.entries(programs))
    yield { to: `usr/bin/${name}`, content: () => readFile(from), mode: 0o755 }
  yield { to: 'kind/version', content: async () => Buffer.from(`${version}\n`), mode: 0o644 }
  yield { to: 'kind/manifests/default-cni.yaml', content: manifest, mode: 0o644 }
  yield { to: 'kind/manifests/default-storage.yaml', content: manifest, mode: 0o644 }
}

/**
 * Builds the node image without preloaded images from a root file system (fixtures/images/node/Dockerfile). Returns its
 * name.
 */
export const buildBareNode = async (
  rootTar: string,
  files: AsyncIterable<NodeFile>,
  key: string,
  signal?: AbortSignal,
): Promise<string> => {
  const base = `meshproof/node-root:${key}`
  const tag = `meshproof/node-bare:${key}`
  const context = await mkdtemp(join(tmpdir(), 'meshproof-node-'))
  try {
    const tar = pack()
    const feed = async (): Promise<void> => {
      for await (const { to, content, mode } of files)
        tar.entry({ name: to, mode, mtime: new Date(0) }, await content())
      tar.finalize()
    }
    await Promise.all([feed(), pipeline(tar, createWriteStream(join(context, 'files.tar')))])
    await docker(['import', rootTar, base], { signal })
    await docker(
      [
        'build',
        '--quiet',
        '--tag',
        tag,
        '--build-arg',
        `BASE=${base}`,
        '--file',
        join(recipeFolder, 'node/Dockerfile'),
        context,
      ],
      { signal },
    )
    await docker(['rmi', base], { signal })
    return tag
  } finally {
    await rm(context, { recursive: true, force: true })
  }
}

/** The digests of the images in a preloaded node image, which are in a label. No registry is asked. */
export const preloadedDigests = async (tag: string): Promise<ReadonlyMap<string, string>> =>
  digestsIn(await docker(['image', 'inspect', '--format', `{{index .Config.Labels "${digestsLabel}"}}`, tag]))

/** What a preloaded node image is built from. */
export type Preload = {
  tag: string
  /** Builds the node image without images and returns its name. Called only when the preloaded image is missing. */
  base: () => Promise<string>
  /** Writes an archive of the images, for `ctr images import`. */
  writeImages: (to: Writable) => Promise<void>
  /** The digests of the images, which the node image keeps in a label. Called after `base` has returned. */
  digests?: () => Promise<(readonly [name: string, digest: string])[]>
  report: (step: string) => void
  signal?: AbortSignal | undefined
}

/**
 * Gets the node image in which every image of the plan is unpacked already, so that a lab starts fast. The engine keeps
 * it under its tag, and a later call returns it at once. An engine that lacks it loads it from an archive in the cache,
 * where there is one; otherwise it is built. With MESHPROOF_KEEP_NODE_IMAGE the cache keeps an archive, because the
 * engine of the next job of a CI system is often a new one.
 */
export const buildPreloadedNode = async (preload: Preload): Promise<string> => {
  const { tag, report, signal } = preload
  if (!(await inEngine(tag)) && !(await loadKept(preload))) await preloadNode(preload)
  if (process.env['MESHPROOF_KEEP_NODE_IMAGE'])
    await artifact(...archiveOf(tag), async (folder) => {
      report('archive of the node image')
      await docker(['save', '--output', join(folder, archiveFile), tag], { signal })
    })
  return tag
}

/** True when the engine has the preloaded node image, or can load it from the cache. */
export const hasPreloadedNode = async (tag: string): Promise<boolean> =>
  (await inEngine(tag)) || isCached(...archiveOf(tag))

const archiveFile = 'image.tar'

/** The name and key of a node image’s archive in the cache. scripts/action.mjs knows the name. */
const archiveOf = (tag: string): [name: string, key: string] => ['node-archive', tag.replace(/^.*:/, '')]

/** Loads a node image from the cache. Returns false where it is not there, or cannot be loaded and must be built. */
const loadKept = async ({ tag, report, signal }: Preload): Promise<boolean> => {
  const [name, key] = archiveOf(tag)
  if (!(await isCached(name, key))) return false
  report('node image from the cache')
  const folder = await artifact(name, key, async () => undefined)
  await docker(['load', '--quiet', '--input', join(folder, archiveFile)], { signal }).catch(() =>
    signal?.throwIfAborted(),
  )
  return inEngine(tag)
}

/**
 * Builds a preloaded node image: a container of the node image unpacks the images with containerd
 * (fixtures/images/node/unpack.sh).
 */
const preloadNode = async ({ tag, base, writeImages, digests, report, signal }: Preload): Promise<void> => {
  report('node image')
  const bare = await base()
  report('preloading the node image')
  await addImagesToNode({
    from: bare,
    tag,
    // Layers are unpacked in a volume, because an overlay file system cannot be the upper layer of another one. The
    // volume is a mount: --volume would become part of the image, and every node would get such a volume.
    mounts: ['--mount', 'type=volume,destination=/unpacked'],
    script: [await readFile(join(recipeFolder, 'node/unpack.sh'), 'utf8'), 'unpack', '/unpacked/store'],
    writeImages,
    labels: async () => (digests ? [`LABEL ${digestsLabel}="${digestsLabelValue(await digests())}"`] : []),
    signal,
  })
  await docker(['rmi', bare]).catch(() => undefined)
}

/** What makes a node image with more images of another one. */
export type NodeAddition = {
  /** The name of the node image that it is made from, and the name of the one that is made. */
  from: string
  tag: string
  /** docker’s arguments for the mounts of the container in which the images are added. */
  mounts?: readonly string[]
  /** The shell script that adds the images from its standard input, its name, and its arguments. */
  script: readonly string[]
  /** Writes an archive of the images, for `ctr images import`. */
  writeImages: (to: Writable) => Promise<void>
  /** Further changes of the image, as lines of a Dockerfile. Called when the images are added. */
  labels?: () => Promise<readonly string[]>
  signal?: AbortSignal | undefined
}

/**
 * Adds images to a node image, in a container of it, and gives the result a name.
 * @throws MeshproofError MP-202 when the engine refuses; the error of the script or of `writeImages`.
 */
export const addImagesToNode = async ({
  from,
  tag,
  mounts = [],
  script,
  writeImages,
  labels = async () => [],
  signal,
}: NodeAddition): Promise<void> => {
  // This command ignores the signal, because its container would stay if it ended before it printed the container's id.
  // What a killed process leaves is removed by the next run (lab/reaper.ts).
  const container = await docker([
    'run',
    '--detach',
    '--privileged',
    ...mounts,
    ...preloadArguments(await ownerOf(process.pid)),
    '--entrypoint',
    'sleep',
    from,
    'infinity',
  ])
  try {
    signal?.throwIfAborted()
    const adding = execa('docker', ['exec', '--interactive', container, 'sh', '-c', ...script], {
      stdin: 'pipe',
      ...(signal ? { cancelSignal: signal } : {}),
    })
    await Promise.all([writeImages(adding.stdin), adding])
    const changes = ['ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]', 'CMD []', ...(await labels())]
    await docker(['commit', ...changes.flatMap((change) => ['--change', change]), container, tag], { signal })
  } finally {
    await docker(['rm', '--force', '--volumes', container]).catch(() => undefined)
  }
}

/**
 * Removes the node images whose names begin with `prefix`, except `kept`. An image that is in use loses only its name.
 */
export const removeNodeImages = async (prefix: string, kept: string): Promise<void> => {
  const names = await docker(['images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${prefix}*`])
  const others = names.split('\n').filter((name) => name !== '' && name !== kept)
  if (others.length > 0) await docker(['rmi', ...others]).catch(() => undefined)
}

/** The size of an image in the engine, in bytes. */
export const imageBytes = async (tag: string): Promise<number> =>
  Number(await docker(['image', 'inspect', '--format', '{{.Size}}', tag]))
