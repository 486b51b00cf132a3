import { MeshproofError, unknownValue } from '#errors.ts'
import { loadRelease, type Release } from '#images/release/release-plan.ts'
import { checkoutSource } from '#images/source/checkout.ts'
import { loadRecipes, type Recipes } from '#images/source/recipes.ts'
import { requireCharts } from './charts.ts'
import type { ImageSource, Upgrading, Wanted } from './images.ts'
import { istioVersions } from './istio-of-clusters.ts'
import { unsupportedPair } from './supported-pairs.ts'
import { versionAsked } from './version.ts'

const pinned = async (pins?: string): Promise<{ source: Recipes; release: Release }> => ({
  source: await loadRecipes(),
  release: await loadRelease(pins),
})

/** The names of a source's images, by the role they play in a plan. Nothing is pulled or built. */
export const rolesOf = async (source: ImageSource, pins?: string): Promise<Record<string, string>> =>
  (await pinned(pins))[source].roles

/** The versions that each source of images names; the first is what it has when none is asked for. */
const versions = async (pins?: string): Promise<Record<ImageSource, { istio: string[]; kubernetes: string[] }>> => {
  const { source, release } = await pinned(pins)
  const withoutPrefix = (version: string): string => version.replace(/^v/, '')
  return {
    source: {
      istio: source.releases.map(({ name }) => name),
      kubernetes: source.kubernetesVersions.map(withoutPrefix),
    },
    release: { istio: [release.roles['tag'] ?? ''], kubernetes: [withoutPrefix(release.kubernetes)] },
  }
}

/** A version, or a minor of which the newest patch is meant: every one of them may have been published. */
const publishable = /^v?\d+\.\d+(\.\d+)?$/

/**
 * Where images come from when versions are asked for: a version that one source alone has settles `auto`, and so does
 * what one of them alone can be had by (a mirror, a version of kind; a checkout). No registry is asked.
 * @throws MeshproofError MP-101 for a version that no source has, MP-107 where the versions and the source do not go
 * together, MP-153 for an Istio that does not support that Kubernetes, MP-350 for a folder that is no checkout, and as
 * requireCharts does for --charts.
 */
export const resolveImageSource = async ({
  images,
  pins,
  istio: asked,
  kubernetes,
  kind,
  registry,
  istioSource,
  installer,
  charts,
}: Wanted): Promise<ImageSource | 'auto'> => {
  await requireCharts({ installer, charts })
  const from = istioSource === undefined ? images : await checkoutSource(istioSource, { images, istio: asked })
  const [istio, other] = istioVersions(asked)
  if (istio !== undefined && other !== undefined)
    return resolveMixedSource({ images, pins, registry, kubernetes }, [istio, other])
  const known = await versions(pins)
  const sources = ['release', 'source'] as const
  const has = (source: ImageSource, of: 'istio' | 'kubernetes', value: string | undefined): boolean =>
    value === undefined ||
    (source === 'release' ? publishable.test(value) : versionAsked(known.source[of], value) !== undefined)
  for (const [of, value] of [
    ['istio', istio],
    ['kubernetes', kubernetes],
  ] as const) {
    if (!sources.some((source) => has(source, of, value)))
      throw unknownValue(
        `${of} version`,
        value ?? '',
        sources.flatMap((source) => known[source][of]),
      )
  }
  const allowed = (source: ImageSource): boolean =>
    (from === 'auto' || from === source) && (source === 'release' || (registry === undefined && kind === undefined))
  const fitting = sources.filter(
    (source) => allowed(source) && has(source, 'istio', istio) && has(source, 'kubernetes', kubernetes),
  )
  if (fitting.length === 0) {
    throw new MeshproofError('MP-107', {
      what: 'No source of images has these versions together',
      why:
        `source: Istio ${known.source.istio.join(' or ')}, Kubernetes ${known.source.kubernetes.join(' or ')}; ` +
        'release: whatever is published, also from a mirror and with another kind',
      next: 'Leave out --images, --istio, --kubernetes, --kind or --registry.',
    })
  }
  const problems = fitting.map((source) =>
    unsupportedPair(istio ?? known[source].istio[0] ?? '', kubernetes ?? known[source].kubernetes[0] ?? ''),
  )
  const supported = fitting.filter((_, index) => problems[index] === undefined)
  if (supported[0] === undefined) throw problems[0]
  if (supported.length === 1) return supported[0]
  // Not every patch gets a node image of kind: one that recipes.yaml names and the pins do not is the one that is built
  // here.
  const bySourceAlone = (
    [
      ['istio', istio],
      ['kubernetes', kubernetes?.replace(/^v/, '')],
    ] as const
  ).some(([of, value]) => value !== undefined && known.source[of].includes(value) && !known.release[of].includes(value))
  return bySourceAlone ? 'source' : 'auto'
}

/** Where the images come from for a mesh whose clusters run two releases: as for an upgrade between them. */
const resolveMixedSource = async (wanted: Wanted, both: readonly [string, string]): Promise<ImageSource> => {
  const source = await resolveUpgradeSource(wanted, { from: both[0], to: both[1] })
  const known = (await versions(wanted.pins))[source]
  const kubernetes = wanted.kubernetes ?? known.kubernetes[0] ?? ''
  if (source === 'source' && versionAsked(known.kubernetes, kubernetes) === undefined)
    throw unknownValue('kubernetes version', kubernetes, known.kubernetes)
  for (const istio of both) {
    const problem = unsupportedPair(istio, kubernetes)
    if (problem) throw problem
  }
  return source
}

const published = /^\d+\.\d+\.\d+$/

/**
 * Where both releases of an upgrade come from: the recipes name those of `source` (1.30 is 1.30-dev there), and every
 * version x.y.z of Istio is published.
 * @throws MeshproofError MP-101 for a name that no source has, MP-107 where no source that is wanted has both.
 */
export const resolveUpgradeSource = async (
  { images: wanted, pins, registry }: Wanted,
  { from, to }: Upgrading,
): Promise<ImageSource> => {
  const built = (await loadRecipes()).releases.map(({ name }) => name)
  const has: Record<ImageSource, (name: string) => boolean> = {
    source: (name) => versionAsked(built, name) !== undefined,
    release: (name) => published.test(name),
  }
  for (const name of [from, to]) {
    if (!has.source(name) && !has.release(name))
      throw unknownValue('release', name, [...built, (await rolesOf('release', pins))['tag'] ?? ''])
  }
  const fitting = (['release', 'source'] as const).find(
    (source) =>
      (wanted === 'auto' || wanted === source) &&
      (source === 'release' || registry === undefined) &&
      has[source](from) &&
      has[source](to),
  )
  if (fitting) return fitting
  throw new MeshproofError('MP-107', {
    what: 'No source of images has both releases',
    where: `${from} and ${to}, --images=${wanted}`,
    why:
      `source: ${built.join(', ')}; release: the versions of Istio that are published, such as ` +
      ((await rolesOf('release', pins))['tag'] ?? ''),
    next: 'Choose two of one source, and leave out --images.',
  })
}

/**
 * The complete versions of Istio of an upgrade in a source that has both, and the version of Kubernetes they run on.
 */
export const upgradeVersions = async (
  { images: source, pins }: Wanted & { images: ImageSource },
  { from, to }: Upgrading,
): Promise<Upgrading & { kubernetes: string }> => {
  const {
    istio,
    kubernetes: [kubernetes = ''],
  } = (await versions(pins))[source]
  const complete = (asked: string): string => versionAsked(istio, asked) ?? asked
  return { from: complete(from), to: complete(to), kubernetes }
}
