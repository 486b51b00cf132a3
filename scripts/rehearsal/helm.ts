import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { EngineInfo } from '#engine/docker.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import { hostPlatform, moduleFolder } from '#images/source/go.ts'
import { loadRecipes } from '#images/source/recipes.ts'
import { sourceHelm } from '#images/source/source-helm.ts'
import { changeChartDefaults } from './istioctl.ts'

/** The paths of Helm’s archive and of Istio’s, as they are published. */
export type HelmArchives = { helm: string; charts: string }

/**
 * Builds Helm, and packs it and the charts of the rehearsal as their publishers do, into a folder. The charts have the
 * same other defaults as those of the rehearsal’s istioctl.
 * @throws MeshproofError MP-31x when Helm cannot be built.
 */
export const packHelm = async (
  version: string,
  folder: string,
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<HelmArchives> => {
  const { roles } = await loadRecipes()
  const { program } = await sourceHelm({ release: roles['tag'] ?? '' }, engine, progress, signal)
  const { os, arch } = hostPlatform()
  const scratch = await mkdtemp(join(tmpdir(), 'meshproof-helm-'))
  try {
    const ofPlatform = join(scratch, `${os}-${arch}`)
    const charts = join(scratch, `istio-${version}`, 'manifests/charts')
    await mkdir(ofPlatform)
    await mkdir(dirname(charts), { recursive: true })
    await copyFile(program, join(ofPlatform, 'helm'))
    await cp(join(await moduleFolder('istio', 'istio.io/istio'), 'manifests/charts'), charts, { recursive: true })
    // Go’s module cache is read-only, and so is a copy of it.
    await execa('chmod', ['-R', 'u+w', charts])
    await changeChartDefaults(join(charts, 'istio-control/istio-discovery/values.yaml'))
    const archives = { helm: join(folder, 'helm.tar.gz'), charts: join(folder, 'charts.tar.gz') }
    await execa('tar', ['-czf', archives.helm, '-C', scratch, `${os}-${arch}`])
    await execa('tar', ['-czf', archives.charts, '-C', scratch, `istio-${version}`])
    return archives
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
