import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { unknownValue } from '../unknown-value.ts'
import { MeshproofError } from '../errors.ts'
import { checkoutSource } from './checkout.ts'
import type { ImageSource, Upgrading, Wanted } from './images.ts'
import { loadRecipes, type Recipes } from './recipes.ts'
import { releaseFile } from './release-plan.ts'
import { versionAsked } from './version-asked.ts'

const Pinned = z.object({ kubernetes: z.string(), roles: z.record(z.string(), z.string()) })

const pinned = async (pins = releaseFile): Promise<{ source: Recipes; release: z.infer<typeof Pinned> }> =>
  ({ source: await loadRecipes(), release: Pinned.parse(parse(await readFile(pins, 'utf8'))) })

/** The names of a source's images, by the role they play in a plan. Nothing is pulled or built. */
export const rolesOf = async (source: ImageSource, pins?: string): Promise<Record<string, string>> => (await pinned(pins))[source].roles

/** The versions that each source of images has; the first is what it has when none is asked for. */
const versions = async (pins?: string): Promise<Record<ImageSource, { istio: string[]; kubernetes: string[] }>> => {
  const { source, release } = await pinned(pins)
  const of = (roles: Record<string, string>, kubernetes: string[]): { istio: string[]; kubernetes: string[] } => ({ istio: [roles['tag'] ?? ''], kubernetes: kubernetes.map((version) => version.replace(/^v/, '')) })
  return { source: of(source.roles, source.kubernetesVersions), release: of(release.roles, [release.kubernetes]) }
}

/**
 * Where images come from when versions are asked for: a version that one source alone has settles `auto`.
 * @throws MeshproofError MP-101 for a version that no source has, MP-107 where the versions and the source do not go together, MP-350 for a folder that is no checkout.
 */
export const imagesFor = async (
  { images, pins, istio, kubernetes, istioSource }: Wanted & { istio?: string | undefined },
): Promise<ImageSource | 'auto'> => {
  const from = istioSource === undefined ? images : await checkoutSource(istioSource, { images, istio })
  const known = await versions(pins)
  const sources = ['release', 'source'] as const
  const has = (source: ImageSource, kind: 'istio' | 'kubernetes', value: string | undefined): boolean => value === undefined || versionAsked(known[source][kind], value) !== undefined
  for (const [kind, value] of [['istio', istio], ['kubernetes', kubernetes]] as const) {
    if (value !== undefined && !sources.some((source) => has(source, kind, value))) throw unknownValue(`${kind} version`, value, sources.flatMap((source) => known[source][kind]))
  }
  const fitting = sources.filter((source) => (from === 'auto' || from === source) && has(source, 'istio', istio) && has(source, 'kubernetes', kubernetes))
  if (fitting.length === 2) return 'auto'
  if (fitting[0]) return fitting[0]
  throw new MeshproofError('MP-107', {
    what: 'No source of images has these versions together',
    why: sources.map((source) => `${source}: Istio ${known[source].istio.join(' or ')}, Kubernetes ${known[source].kubernetes.join(' or ')}`).join('; '),
    next: 'Leave out --images, --istio or --kubernetes.',
  })
}

const published = /^\d+\.\d+\.\d+$/

/**
 * Where both releases of an upgrade come from: the recipes name those of `source`, and every version x.y.z of Istio is published.
 * @throws MeshproofError MP-101 for a name that no source has, MP-107 where no source that is wanted has both.
 */
export const upgradeSource = async ({ images: wanted, pins }: Wanted, { from, to }: Upgrading): Promise<ImageSource> => {
  const { releases } = await loadRecipes()
  const built = releases.map(({ name }) => name)
  const has: Record<ImageSource, (name: string) => boolean> = { source: (name) => built.includes(name), release: (name) => published.test(name) }
  for (const name of [from, to]) {
    if (!has.source(name) && !has.release(name)) throw unknownValue('release', name, [...built, (await rolesOf('release', pins))['tag'] ?? ''])
  }
  const fitting = (['release', 'source'] as const).find((source) => (wanted === 'auto' || wanted === source) && has[source](from) && has[source](to))
  if (fitting) return fitting
  throw new MeshproofError('MP-107', {
    what: 'No source of images has both releases', where: `${from} and ${to}, --images=${wanted}`,
    why: `source: ${built.join(', ')}; release: the versions of Istio that are published, such as ${(await rolesOf('release', pins))['tag'] ?? ''}`,
    next: 'Choose two of one source, and leave out --images.',
  })
}

/** The versions of Istio that two releases count as, and the version of Kubernetes they run on: one that keeps the defaults of an older version counts as that. */
export const upgradeVersions = async ({ images: source, pins }: Wanted & { images: ImageSource }, { from, to }: Upgrading): Promise<Upgrading & { kubernetes: string }> => {
  const [kubernetes = ''] = (await versions(pins))[source].kubernetes
  if (source === 'release') return { from, to, kubernetes }
  const { istio, releases } = await loadRecipes()
  const of = (name: string): string => releases.find((release) => release.name === name)?.compatibilityVersion ?? istio
  return { from: of(from), to: of(to), kubernetes }
}
