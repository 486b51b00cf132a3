import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Transform, type Writable } from 'node:stream'
import { constants, createZstdCompress } from 'node:zlib'
import { pack, type Pack } from 'tar-stream'
import { z } from 'zod'
import type { ImageRecipe } from './recipes.ts'

const LayerSize = z.strictObject({ digest: z.string(), diffId: z.string(), size: z.number() })

/** A compressed layer in a folder of the cache: `layer.tar.zst` beside its digests. */
export type Layer = z.infer<typeof LayerSize> & { folder: string }

/** A file of an image: `from` is its path on this machine, `to` its path in the image. */
export type LayerFile = { from: string; to: string; mode: number }

const sha256 = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const hashing = (): { through: Transform; digest: () => string; size: () => number } => {
  const hash = createHash('sha256')
  let size = 0
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  return { through, digest: () => `sha256:${hash.digest('hex')}`, size: () => size }
}

/** Compresses a tar stream into a layer with zstd, which a node unpacks several times faster than gzip. */
export const writeLayer = async (tar: AsyncIterable<unknown>, folder: string): Promise<void> => {
  const plain = hashing()
  const packed = hashing()
  const file = join(folder, 'layer.tar.zst')
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 6 } })
  await Promise.all([
    pipeline(tar, plain.through, (chunks: AsyncIterable<Buffer>) => writeInOrder(chunks, compress)),
    pipeline(compress, packed.through, createWriteStream(file)),
  ])
  const sizes: z.infer<typeof LayerSize> = { digest: packed.digest(), diffId: plain.digest(), size: packed.size() }
  await writeFile(join(folder, 'layer.json'), JSON.stringify(sizes))
}

/**
 * Writes each chunk before the next one, and then ends. Otherwise the last chunk may or may not arrive together with
 * the end, and the compressor packs it differently, so that the same files would get different digests.
 */
const writeInOrder = async (chunks: AsyncIterable<Buffer>, to: Writable): Promise<void> => {
  try {
    for await (const chunk of chunks)
      await new Promise<void>((resolve, reject) => {
        to.write(chunk, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    to.end()
  } catch (error) {
    to.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

/** Reads a layer that `writeLayer` wrote. */
export const readLayer = async (folder: string): Promise<Layer> => ({
  ...LayerSize.parse(JSON.parse(await readFile(join(folder, 'layer.json'), 'utf8'))),
  folder,
})

/** A tar stream of files with fixed owners and times, so that the same files have the same digest. */
export const tarOf = (files: LayerFile[]): Pack => {
  const tar = pack()
  const feed = async (): Promise<void> => {
    for (const { from, to, mode } of files) {
      const { size } = await stat(from)
      const entry = tar.entry({ name: to.replace(/^\//, ''), mode, size, mtime: new Date(0), uid: 0, gid: 0 })
      await pipeline(createReadStream(from), entry)
    }
    tar.finalize()
  }
  feed().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))))
  return tar
}

/** Writes an OCI archive of every image for `ctr images import`. It holds each shared layer once. */
export const writeArchive = async (
  images: { recipe: ImageRecipe; layers: Layer[] }[],
  architecture: string,
  to: Writable,
): Promise<void> => {
  const tar = pack()
  const written = new Set<string>()
  const blob = (content: string): void => {
    const digest = sha256(content)
    if (!written.has(digest)) tar.entry({ name: `blobs/sha256/${digest.slice(7)}`, mtime: new Date(0) }, content)
    written.add(digest)
  }
  const feed = async (): Promise<void> => {
    const manifests = []
    for (const { recipe, layers } of images) {
      for (const layer of layers) {
        if (written.has(layer.digest)) continue
        written.add(layer.digest)
        const entry = tar.entry({ name: `blobs/sha256/${layer.digest.slice(7)}`, size: layer.size, mtime: new Date(0) })
        await pipeline(createReadStream(join(layer.folder, 'layer.tar.zst')), entry)
      }
      const { config, manifest } = documentsOf(recipe, layers, architecture)
      blob(config)
      blob(manifest)
      manifests.push({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...described(manifest),
        platform: { architecture, os: 'linux' },
        annotations: { 'io.containerd.image.name': recipe.name },
      })
    }
    tar.entry({ name: 'oci-layout', mtime: new Date(0) }, JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    tar.entry({ name: 'index.json', mtime: new Date(0) }, JSON.stringify({ schemaVersion: 2, manifests }))
    tar.finalize()
  }
  await Promise.all([feed(), pipeline(tar, to)])
}

/** The digest of an image, which is the digest of its manifest. */
export const digestOf = (recipe: ImageRecipe, layers: Layer[], architecture: string): string =>
  sha256(documentsOf(recipe, layers, architecture).manifest)

const described = (content: string): { digest: string; size: number } => ({
  digest: sha256(content),
  size: Buffer.byteLength(content),
})

const documentsOf = (
  recipe: ImageRecipe,
  layers: Layer[],
  architecture: string,
): { config: string; manifest: string } => {
  const config = JSON.stringify(configOf(recipe, layers, architecture))
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described(config) },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
      digest,
      size,
    })),
  })
  return { config, manifest }
}

const configOf = (recipe: ImageRecipe, layers: Layer[], architecture: string): object => ({
  architecture,
  os: 'linux',
  config: {
    Env: [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...Object.entries(recipe.env).map(([name, value]) => `${name}=${value}`),
    ],
    Entrypoint: recipe.entrypoint,
    User: recipe.user,
  },
  rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
})
