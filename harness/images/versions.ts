import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { unknownValue } from '../unknown-value.ts'
import { MeshproofError } from '../errors.ts'
import type { ImageSource } from './images.ts'
import { loadRecipes } from './recipes.ts'
import { releaseFile } from './release.ts'

const Pinned = z.object({ kubernetes: z.string(), roles: z.record(z.string(), z.string()) })

const pinned = async (): Promise<Record<ImageSource, z.infer<typeof Pinned>>> =>
  ({ source: await loadRecipes(), release: Pinned.parse(parse(await readFile(releaseFile, 'utf8'))) })

/** The names of a source's images, by the role they play in a plan. Nothing is pulled or built. */
export const rolesOf = async (source: ImageSource): Promise<Record<string, string>> => (await pinned())[source].roles

/** The versions that each source of images has. */
const versions = async (): Promise<Record<ImageSource, { istio: string; kubernetes: string }>> => {
  const { source, release } = await pinned()
  const of = ({ roles, kubernetes }: z.infer<typeof Pinned>): { istio: string; kubernetes: string } => ({ istio: roles['tag'] ?? '', kubernetes: kubernetes.replace(/^v/, '') })
  return { source: of(source), release: of(release) }
}

/**
 * Where images come from when versions are asked for: a version that one source alone has settles `auto`.
 * @throws MeshproofError MP-101 for a version that no source has, MP-107 where the versions and the source do not go together.
 */
export const imagesFor = async (
  { images, istio, kubernetes }: { images: ImageSource | 'auto'; istio?: string | undefined; kubernetes?: string | undefined },
): Promise<ImageSource | 'auto'> => {
  const known = await versions()
  const sources = ['release', 'source'] as const
  for (const [kind, value] of [['istio', istio], ['kubernetes', kubernetes?.replace(/^v/, '')]] as const) {
    if (value !== undefined && !sources.some((source) => known[source][kind] === value)) throw unknownValue(`${kind} version`, value, sources.map((source) => known[source][kind]))
  }
  const fitting = sources.filter((source) =>
    (images === 'auto' || images === source) && (istio === undefined || known[source].istio === istio) && (kubernetes === undefined || known[source].kubernetes === kubernetes.replace(/^v/, '')))
  if (fitting.length === 2) return 'auto'
  if (fitting[0]) return fitting[0]
  throw new MeshproofError('MP-107', {
    what: 'No source of images has these versions together',
    why: sources.map((source) => `${source}: Istio ${known[source].istio}, Kubernetes ${known[source].kubernetes}`).join('; '),
    next: 'Leave out --images, --istio or --kubernetes.',
  })
}
