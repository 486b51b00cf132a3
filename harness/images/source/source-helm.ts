import { join } from 'node:path'
import { type EngineInfo, nodeArchitecture } from '#engine/docker.ts'
import { buildAll } from '#images/build.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import { findCharts } from '#images/charts.ts'
import type { HelmImages, Wanted } from '#images/images.ts'
import { moduleFolder } from './go.ts'
import { loadRecipes } from './recipes.ts'
import { helmItems } from './source-items.ts'

/**
 * Builds Helm, and finds the charts in the source that a release of Istio is built from: its Go module, or a checkout.
 * @throws MeshproofError MP-310 to MP-312 as a build does, MP-360 for a checkout without charts.
 */
export const sourceHelm = async (
  { istioSource, release }: Pick<Wanted, 'istioSource'> & { release: string },
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<HelmImages> => {
  const recipes = await loadRecipes()
  const folders = await buildAll(await helmItems(recipes, nodeArchitecture(engine)), progress, signal)
  const module = recipes.releases.find(({ name }) => name === release)?.module ?? ''
  const istio = istioSource ?? (await moduleFolder(module, 'istio.io/istio'))
  return {
    program: join(folders.get('helm') ?? '', 'helm'),
    version: /version=(\S+)/.exec(recipes.helm.ldflags)?.[1] ?? '',
    charts: await findCharts(join(istio, 'manifests/charts')),
  }
}
