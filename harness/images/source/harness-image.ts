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

/** The name of the harness’s image in the engine. Its tag is the version of the harness. */
export const harnessImage = `meshproof:${ownPackage.version}`

/**
 * Builds the image of the harness for use inside a cluster, from Debian packages and the installed npm packages.
 * Returns its name.
 * @throws MeshproofError MP-170 on a machine with another platform than the image, MP-202 when the engine does not
 * build it, MP-315 and MP-316 as makeRootFs does.
 */
export const buildHarness = async (
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<string> => {
  const machinePlatform = `${platform} ${{ x64: 'amd64', arm64: 'arm64' }[arch as string] ?? arch}`
  const imagePlatform = `linux ${nodeArchitecture(engine)}`
  if (machinePlatform !== imagePlatform) {
    throw new MeshproofError('MP-170', {
      what: 'The harness’s image can only be built on a machine of the same platform',
      where: `this is ${machinePlatform}, the engine runs ${imagePlatform}`,
      why: 'it contains the installed Node and packages of this machine',
      next: `Build it on ${imagePlatform}, for example on a CI runner, and push it from there.`,
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
  // Removes the previous image, which has lost its name to the new one. It stays if a container uses it, or if the user
  // gave it another name.
  const nameless = (await docker(['images', '--quiet', '--no-trunc', '--filter', 'dangling=true'])).split('\n')
  if (before !== '' && before !== built && nameless.includes(before))
    await docker(['rmi', before]).catch(() => undefined)
  return harnessImage
}
