import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { request } from 'undici'
import { docker } from '#engine/docker.ts'
import { writeArchive, type Layer } from '#images/source/oci.ts'
import type { ImageRecipe } from '#images/source/recipes.ts'

/** Where an image is published: a registry, and the image's name in it. */
export type Place = { host: string; repository: string; tag: string }

/** The media type of an index, by that of the manifests in it. */
const indexTypes: Readonly<Record<string, string>> = {
  'application/vnd.oci.image.manifest.v1+json': 'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json': 'application/vnd.docker.distribution.manifest.list.v2+json',
}

/**
 * Publishes an image that is built here. Its layers are compressed with gzip, which every engine reads. Returns the
 * digest of its index.
 */
export const pushLayers = async (
  image: { recipe: ImageRecipe; layers: Layer[] },
  arch: string,
  place: Place,
  signal?: AbortSignal,
): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-push-'))
  try {
    const archive = join(folder, 'image.tar')
    await writeArchive([image], arch, createWriteStream(archive))
    const to = `docker://${place.host}/${place.repository}:${place.tag}`
    await execa(
      'skopeo',
      [
        '--insecure-policy',
        'copy',
        '--quiet',
        '--dest-tls-verify=false',
        '--dest-compress-format=gzip',
        `oci-archive:${archive}`,
        to,
      ],
      { stdin: 'ignore', ...(signal ? { cancelSignal: signal } : {}) },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return pushIndex(place, arch)
}

/** Publishes an image that the engine holds. Returns the digest of its index. */
export const pushImage = async (image: string, arch: string, place: Place, signal?: AbortSignal): Promise<string> => {
  const name = `${place.host}/${place.repository}:${place.tag}`
  await docker(['tag', image, name], { signal })
  try {
    await docker(['push', '--quiet', name], { signal })
  } finally {
    await docker(['rmi', name])
  }
  return pushIndex(place, arch)
}

/**
 * Puts an image into an index of platforms, as publishers do: the digest of a published image is that of its index.
 * This index has the platform that was pushed and no other. Returns the digest of the index.
 */
const pushIndex = async ({ host, repository, tag }: Place, arch: string): Promise<string> => {
  const url = `http://${host}/v2/${repository}/manifests/${tag}`
  const { headers } = await request(url, { method: 'HEAD', headers: { accept: Object.keys(indexTypes).join(', ') } })
  const mediaType = String(headers['content-type'])
  const manifest = {
    mediaType,
    digest: headers['docker-content-digest'],
    size: Number(headers['content-length']),
    platform: { architecture: arch, os: 'linux' },
  }
  const type = indexTypes[mediaType] ?? ''
  const index = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [manifest] })
  const { statusCode, body } = await request(url, { method: 'PUT', headers: { 'content-type': type }, body: index })
  const answer = await body.text()
  if (statusCode !== 201) throw new Error(`${url} refused an index: HTTP ${statusCode} ${answer}`)
  return `sha256:${createHash('sha256').update(index).digest('hex')}`
}
