import { join } from 'node:path'
import { arch, platform } from 'node:process'
import { Readable } from 'node:stream'
import ownPackage from '../../../package.json' with { type: 'json' }
import { docker, nodeArchitecture, type EngineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { buildAll, type BuildProgress } from '#images/build.ts'
import { makeRootFs, type RootFs } from './debian.ts'
import { harnessFiles } from './harness-files.ts'
import { tarOf } from './oci.ts'
import { loadRecipes, recipeKey } from './recipes.ts'

/** What the image of the harness is called in the engine: its tag is the harness’s version. */
export const harnessImage = `meshproof:${ownPackage.version}`

/**
 * Builds the image of the harness itself, for use inside a cluster, of Debian’s packages and the packages that stand
 * in node_modules, and returns its name.
 * @throws MeshproofError MP-170 on a machine that is not of the image’s own kind, MP-202 when the engine does not
 * build it, MP-315 and MP-316 as makeRootFs does.
 */
export const buildHarness = async (
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<string> => {
  const here = `${platform} ${{ x64: 'amd64', arm64: 'arm64' }[arch as string] ?? arch}`
  const wanted = `linux ${nodeArchitecture(engine)}`
  if (here !== wanted) {
    throw new MeshproofError('MP-170', {
      what: 'The harness’s image is built on a machine of its own kind',
      where: `${here}, the engine runs ${wanted}`,
      why: 'it takes Node and the packages that are installed here',
      next: `Build it on ${wanted}, as a CI’s runner is, and push it from there.`,
    })
  }
  const { debian, harness } = await loadRecipes()
  const base: RootFs = {
    suite: debian,
    packages: harness,
    variant: 'extract',
    recipe: 'meshproof',
    arch: nodeArchitecture(engine),
  }
  const item = {
    name: 'harness-base',
    key: await recipeKey(base, ['meshproof']),
    lane: 'network' as const,
    seconds: 20,
    make: (folder: string, stop?: AbortSignal) => makeRootFs(base, join(folder, 'base.tar'), stop),
  }
  const folder = (await buildAll([item], progress, signal)).get(item.name) ?? ''
  progress({ building: [harnessImage], done: 1, of: 1, remaining: 20 })
  const before = await docker(['images', '--quiet', '--no-trunc', harnessImage], { signal })
  const built = await docker(['build', '--quiet', '--tag', harnessImage, '-'], {
    stdin: 'pipe',
    input: Readable.from(tarOf(await harnessFiles(join(folder, 'base.tar')))),
    signal,
  })
  // What lost its only name would stay in the engine; where something still runs from it, it does, and by another name
  // it is the user's.
  const nameless = (await docker(['images', '--quiet', '--no-trunc', '--filter', 'dangling=true'])).split('\n')
  if (before !== '' && before !== built && nameless.includes(before))
    await docker(['rmi', before]).catch(() => undefined)
  return harnessImage
}
