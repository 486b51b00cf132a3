import { createHash } from 'node:crypto'
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { zstdDecompressSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scratchFolder } from '#testing/edge.ts'
import { readLayer, tarOf, writeArchive, writeLayer, type Layer, type LayerFile } from './oci.ts'
import type { ImageRecipe } from './recipes.ts'

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const programFile = async (name: string, content: string): Promise<LayerFile> => {
  const from = join(await scratchFolder(), name)
  await writeFile(from, content)
  return { from, to: `/usr/local/bin/${name}`, mode: 0o755 }
}

const layerOf = async (...files: LayerFile[]): Promise<Layer> => {
  const folder = await scratchFolder()
  await writeLayer(tarOf(files), folder)
  return readLayer(folder)
}

type Entry = { name: string; mode: number | undefined; content: Buffer }

const entriesOf = async (tar: Buffer): Promise<Entry[]> => {
  const entries: Entry[] = []
  const reader = extract()
  Readable.from([tar]).pipe(reader)
  for await (const entry of reader) {
    const chunks: Buffer[] = []
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
    entries.push({ name: entry.header.name, mode: entry.header.mode, content: Buffer.concat(chunks) })
  }
  return entries
}

describe('a layer', () => {
  test('carries the digests of its file and of the tar in it', async () => {
    const layer = await layerOf(await programFile('kind', 'k'.repeat(200_000)), await programFile('etcd', 'e'))
    const file = await readFile(join(layer.folder, 'layer.tar.zst'))
    const tar = zstdDecompressSync(file)
    expect(layer).toMatchObject({ digest: sha256(file), diffId: sha256(tar), size: file.length })
    expect((await entriesOf(tar)).map(({ name, mode, content }) => [name, mode, content.length])).toEqual([
      ['usr/local/bin/kind', 0o755, 200_000],
      ['usr/local/bin/etcd', 0o755, 1],
    ])
  })

  test('of the same files has the same digest, whenever and wherever they were built', async () => {
    const [first, second, changed] = [
      await programFile('kind', 'program'),
      await programFile('kind', 'program'),
      await programFile('kind', 'Program'),
    ]
    await utimes(second.from, new Date('2001-01-01'), new Date('2001-01-01'))
    const digest = (await layerOf(first)).digest
    expect((await layerOf(second)).digest).toBe(digest)
    expect((await layerOf(changed)).digest).not.toBe(digest)
  })

  test('with a file that does not exist is an error', async () => {
    const folder = await scratchFolder()
    await expect(
      writeLayer(tarOf([{ from: join(folder, 'missing'), to: '/missing', mode: 0o644 }]), folder),
    ).rejects.toThrow(/ENOENT/)
    await expect(readLayer(folder)).rejects.toThrow()
  })
})

describe('an archive', () => {
  const Descriptor = z.object({ digest: z.string(), size: z.number() })
  const Index = z.object({
    manifests: z.array(
      Descriptor.extend({
        annotations: z.record(z.string(), z.string()),
        platform: z.object({ architecture: z.string(), os: z.string() }),
      }),
    ),
  })
  const ImageManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) })
  const Config = z.object({
    architecture: z.string(),
    config: z.object({ Env: z.array(z.string()), Entrypoint: z.array(z.string()), User: z.string() }),
    rootfs: z.object({ diff_ids: z.array(z.string()) }),
  })
  const recipe = (name: string, env: Record<string, string> = {}): ImageRecipe => ({
    name,
    programs: [],
    entrypoint: ['/usr/local/bin/helloworld'],
    env,
    user: '1337:1337',
  })

  const archiveOf = async (images: { recipe: ImageRecipe; layers: Layer[] }[]): Promise<Entry[]> => {
    const chunks: Buffer[] = []
    await writeArchive(
      images,
      'arm64',
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          chunks.push(chunk)
          done()
        },
      }),
    )
    return entriesOf(Buffer.concat(chunks))
  }

  test('names each image in its index and holds each shared layer once', async () => {
    const [tools, program] = [
      await layerOf(await programFile('curl', 'curl')),
      await layerOf(await programFile('helloworld', 'hello')),
    ]
    const entries = await archiveOf([
      { recipe: recipe('mesh.example/one:1.0', { SERVICE_VERSION: 'v1' }), layers: [tools, program] },
      { recipe: recipe('mesh.example/two:1.0', { SERVICE_VERSION: 'v2' }), layers: [tools, program] },
      { recipe: recipe('mesh.example/curl:1.0'), layers: [tools] },
    ])
    const names = entries.map(({ name }) => name)
    expect(names).toHaveLength(new Set(names).size)
    const blobs = new Map<string, Buffer>(
      entries.flatMap(({ name, content }) =>
        name.startsWith('blobs/sha256/') ? [[`sha256:${name.slice(13)}`, content] as const] : [],
      ),
    )
    expect([...blobs].filter(([digest, content]) => sha256(content) !== digest)).toEqual([])
    const json = (digest: string): unknown => JSON.parse(String(blobs.get(digest)))

    const { manifests } = Index.parse(JSON.parse(String(entries.find(({ name }) => name === 'index.json')?.content)))
    expect(manifests.map(({ annotations }) => annotations['io.containerd.image.name'])).toEqual([
      'mesh.example/one:1.0',
      'mesh.example/two:1.0',
      'mesh.example/curl:1.0',
    ])
    const images = manifests.map(({ digest }) => ImageManifest.parse(json(digest)))
    expect(images.map(({ layers }) => layers.map(({ digest }) => digest))).toEqual([
      [tools.digest, program.digest],
      [tools.digest, program.digest],
      [tools.digest],
    ])
    for (const { digest, size } of [...manifests, ...images.flatMap(({ config, layers }) => [config, ...layers])])
      expect(blobs.get(digest)).toHaveLength(size)

    const configs = images.map(({ config }) => Config.parse(json(config.digest)))
    expect(configs.map(({ rootfs }) => rootfs.diff_ids)).toEqual([
      [tools.diffId, program.diffId],
      [tools.diffId, program.diffId],
      [tools.diffId],
    ])
    expect(configs[1]).toMatchObject({
      architecture: 'arm64',
      config: { Entrypoint: ['/usr/local/bin/helloworld'], User: '1337:1337' },
    })
    expect(
      configs.map(({ config }) => config.Env.filter((variable) => variable.startsWith('SERVICE_VERSION'))),
    ).toEqual([['SERVICE_VERSION=v1'], ['SERVICE_VERSION=v2'], []])
  })
})
