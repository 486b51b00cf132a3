import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arch, platform } from 'node:process'
import { Readable } from 'node:stream'
import { execa } from '#programs.ts'
import ownPackage from '../../../package.json' with { type: 'json' }
import { docker, nodeArchitecture, type EngineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { buildAll } from '#images/build.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import type { Making } from '#images/build-item.ts'
import { makeRootFs, type RootFs } from './debian.ts'
import { foreignItem, foreignParts } from './foreign-parts.ts'
import { harnessFiles, isInstalled, ownParts, packageRoot } from './harness-files.ts'
import { tarOf } from './oci.ts'
import { loadRecipes, recipeKey } from './recipes.ts'
import { debianParts, npmParts, sbom } from './sbom.ts'

/** The name of the harness’s image in the engine. Its tag is the version of the harness. */
export const harnessImage = `meshproof:${ownPackage.version}`

/** The platforms that the harness’s image can be built for. */
export const harnessPlatforms = ['linux/amd64', 'linux/arm64'] as const

/** A platform that the harness’s image can be built for. */
export type HarnessPlatform = (typeof harnessPlatforms)[number]

/**
 * Builds the image of the harness for use inside a cluster, from Debian packages and npm packages. Returns its name.
 * With a platform its tag ends in the processor. In a checkout it may be another platform than this machine’s: no
 * program of the image runs while it is built.
 * @throws MeshproofError MP-170 for another platform than that of the installed packages, MP-178 when npm does not
 * install those of another one, MP-202 when the engine does not build it, MP-315 and MP-316 as makeRootFs does.
 */
export const buildHarness = async (
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
  wanted?: HarnessPlatform,
): Promise<string> => {
  const architecture = wanted?.split('/')[1] ?? nodeArchitecture(engine)
  const machinePlatform = `${platform} ${{ x64: 'amd64', arm64: 'arm64' }[arch as string] ?? arch}`
  const imagePlatform = `linux ${architecture}`
  const isForeign = machinePlatform !== imagePlatform
  if (isForeign && (wanted === undefined || isInstalled)) {
    throw new MeshproofError('MP-170', {
      what: 'The harness’s image can only be built on a machine of the same platform',
      where: `this is ${machinePlatform}, the ${wanted ? 'image is for' : 'engine runs'} ${imagePlatform}`,
      why: 'it contains the installed Node and packages of this machine',
      next: `Build it on ${imagePlatform}, for example on a CI runner, and push it from there.`,
    })
  }
  const image = wanted === undefined ? harnessImage : `${harnessImage}-${architecture}`
  const { debian, harness } = await loadRecipes()
  const base: RootFs = { suite: debian, packages: harness, variant: 'extract', recipe: 'meshproof', arch: architecture }
  const baseItem = {
    name: 'harness-base',
    key: await recipeKey(base, ['meshproof']),
    lane: 'network' as const,
    seconds: 20,
    make: (folder: string, making: Making) => makeRootFs(base, join(folder, 'base.tar'), making.signal),
  }
  const foreign = isForeign ? await foreignItem(architecture) : undefined
  const folders = await buildAll([baseItem, ...(foreign ? [foreign] : [])], progress, signal)
  const rootFs = join(folders.get(baseItem.name) ?? '', 'base.tar')
  const parts = foreign ? await foreignParts(folders.get(foreign.name) ?? '') : await ownParts()
  progress({ building: [image], done: 1, of: 1, remaining: 20 })
  const scratch = await mkdtemp(join(tmpdir(), 'meshproof-sbom-'))
  try {
    const bill = join(scratch, 'sbom.spdx.json')
    const version = isInstalled ? process.versions.node : ownPackage.devDependencies.node
    await writeFile(
      bill,
      sbom([
        { name: 'node', version, purl: `pkg:generic/node@${version}`, license: 'MIT' },
        ...(await npmParts(parts.packages)),
        ...(await debianParts(rootFs)),
      ]),
    )
    await buildFrom(Readable.from(tarOf(await harnessFiles({ base: rootFs, sbom: bill, ...parts }))), {
      image,
      architecture,
      signal,
    })
  } finally {
    await rm(scratch, { recursive: true })
  }
  return image
}

type Target = { image: string; architecture: string; signal: AbortSignal | undefined }

/** Builds an image from a tar stream with its Dockerfile, in the place of the one that has its name. */
const buildFrom = async (context: Readable, { image, architecture, signal }: Target): Promise<void> => {
  const before = await docker(['images', '--quiet', '--no-trunc', image], { signal })
  const labels = Object.entries(await labelsOf()).map(
    ([name, value]) => `--label=org.opencontainers.image.${name}=${value}`,
  )
  const built = await docker(['build', '--quiet', `--platform=linux/${architecture}`, ...labels, '--tag', image, '-'], {
    stdin: 'pipe',
    input: context,
    signal,
  })
  // Removes the previous image, which has lost its name to the new one. It stays if a container uses it, or if the user
  // gave it another name.
  const nameless = (await docker(['images', '--quiet', '--no-trunc', '--filter', 'dangling=true'])).split('\n')
  if (before !== '' && before !== built && nameless.includes(before))
    await docker(['rmi', before]).catch(() => undefined)
}

/** The annotations of the OCI image specification that this package can give a value, by their last part. */
const labelsOf = async (): Promise<Record<string, string>> => {
  const { name, description, version, license } = ownPackage
  const revision = isInstalled ? '' : await revisionOf(packageRoot)
  return {
    title: name,
    description,
    version,
    licenses: license,
    ...(revision === '' ? {} : { revision }),
  }
}

/** The commit of a checkout, with `-dirty` where files differ from it. Empty where Git does not say. */
const revisionOf = async (folder: string): Promise<string> => {
  const { stdout, failed } = await execa('git', ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'], {
    cwd: folder,
    reject: false,
  })
  return failed ? '' : stdout
}
