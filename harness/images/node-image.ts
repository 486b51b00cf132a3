import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { pack } from 'tar-stream'
import { docker } from '#engine/docker.ts'
import { preloadArguments } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { digestsIn, digestsLabel, spelledDigests } from '#images/release/digests-label.ts'
import { recipeFolder } from '#images/source/recipes.ts'

/** A file of the node image: where it goes, what it holds and its mode. */
export type NodeFile = { to: string; content: () => Promise<Buffer>; mode: number }

/** What a node holds beyond Debian: kind's own files (read from its module), Kubernetes' programs, and its version. */
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

/** Builds the node image without preloaded images from a root file system (fixtures/images/node/Dockerfile). */
export const buildNode = async (
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

/**
 * The digests that a preloaded node image keeps of what it holds; no registry is asked, nor what the engine remembers.
 */
export const preloadedDigests = async (tag: string): Promise<ReadonlyMap<string, string>> =>
  digestsIn(await docker(['image', 'inspect', '--format', `{{index .Config.Labels "${digestsLabel}"}}`, tag]))

/** How a preloaded node image is had. */
export type Preload = {
  tag: string
  /** Names the node image without images; called only when the preloaded one is missing. */
  base: () => Promise<string>
  /** Writes an archive that `ctr images import` reads. */
  load: (write: Writable) => Promise<void>
  /** The digests of what is preloaded, asked for once `base` has returned and kept with the image. */
  digests?: () => Promise<(readonly [name: string, digest: string])[]>
  say: (step: string) => void
  signal?: AbortSignal | undefined
}

/**
 * The node image with every image of the plan unpacked in it: what makes a lab fast. It is made by a container of the
 * node image that runs nothing but containerd (fixtures/images/node/unpack.sh), and kept in the engine under its tag.
 */
export const preload = async ({ tag, base, load, digests, say, signal }: Preload): Promise<string> => {
  if (
    await docker(['image', 'inspect', '--format', '{{.Id}}', tag], { signal }).then(
      () => true,
      () => false,
    )
  )
    return tag
  say('node image')
  const bare = await base()
  say('preloading the node image')
  // Layers are unpacked in a volume: an overlay file system takes no other as the one it writes to. A mount, since what
  // --volume asks for would be written into the image, and every node would get one of its own. Not given up halfway: a
  // container whose name nobody has learned yet would stay. A killed process leaves it to the next run (lab/reaper.ts).
  const container = await docker([
    'run',
    '--detach',
    '--privileged',
    '--mount',
    'type=volume,destination=/unpacked',
    ...preloadArguments(await ownerOf(process.pid)),
    '--entrypoint',
    'sleep',
    bare,
    'infinity',
  ])
  try {
    signal?.throwIfAborted()
    const script = await readFile(join(recipeFolder, 'node/unpack.sh'), 'utf8')
    const unpacked = execa(
      'docker',
      ['exec', '--interactive', container, 'sh', '-c', script, 'unpack', '/unpacked/store'],
      { stdin: 'pipe', ...(signal ? { cancelSignal: signal } : {}) },
    )
    await Promise.all([load(unpacked.stdin), unpacked])
    const changes = [
      'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
      'CMD []',
      ...(digests ? [`LABEL ${digestsLabel}="${spelledDigests(await digests())}"`] : []),
    ]
    await docker(['commit', ...changes.flatMap((change) => ['--change', change]), container, tag], { signal })
  } finally {
    await docker(['rm', '--force', '--volumes', container]).catch(() => undefined)
  }
  await docker(['rmi', bare]).catch(() => undefined)
  return tag
}

/**
 * Removes the node images whose names begin so, but one; those that something still stands on lose their names alone.
 */
export const forgetNodes = async (named: string, kept: string): Promise<void> => {
  const all = await docker(['images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${named}*`])
  const others = all.split('\n').filter((name) => name !== '' && name !== kept)
  if (others.length > 0) await docker(['rmi', ...others]).catch(() => undefined)
}

/** Size of an image in the engine, in bytes. */
export const imageBytes = async (tag: string): Promise<number> =>
  Number(await docker(['image', 'inspect', '--format', '{{.Size}}', tag]))
