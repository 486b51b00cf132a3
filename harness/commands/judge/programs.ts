import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildProgress } from '#images/build-progress.ts'
import { MeshproofError } from '#errors.ts'
import { loadRecipes, recipeFolder } from '#images/source/recipes.ts'
import {
  conformanceProgram,
  istioTests,
  type IstioTests,
  type IstioTestsWanted,
  secondsToBuildJudges,
} from '#images/source/source-judges.ts'
import { minorOf } from '#images/version.ts'

const conformanceModule = 'sigs.k8s.io/gateway-api/conformance'

/** The version of Gateway API’s conformance tests that is pinned, with the leading v. */
export const conformanceVersion = async (): Promise<string> => {
  const pins = await readFile(join(recipeFolder, 'gateway-api-conformance/go.mod'), 'utf8')
  return new RegExp(`${conformanceModule} (v\\S+)`).exec(pins)?.[1] ?? 'unknown'
}

/**
 * Builds the program of the judge gateway-api, once for this machine, and returns its path.
 * @throws MeshproofError MP-370 where the module or Go cannot be had.
 */
export const requireConformance = async (
  version: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<string> => {
  try {
    return await conformanceProgram(progress, signal)
  } catch (cause) {
    throw notBuilt('gateway-api', `Go module ${conformanceModule} ${version}`, cause)
  }
}

/**
 * Builds Istio’s tests of these packages, once for each release, and returns their programs.
 * @throws MeshproofError MP-370 where the module or Go cannot be had, and for a release that is not pinned.
 */
export const requireIstioTests = async (
  { release, ...wanted }: IstioTestsWanted,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<IstioTests> => {
  try {
    return await istioTests({ ...wanted, release: await pinnedRelease(wanted, release) }, progress, signal)
  } catch (cause) {
    throw notBuilt('istio', `Go module istio.io/istio of ${release}`, cause)
  }
}

/**
 * How many seconds it takes on two cores to build what the cache lacks of the programs that requireConformance and
 * requireIstioTests return.
 * @throws MeshproofError MP-370 for a release that is not pinned, MP-350 and MP-351 for a checkout.
 */
export const buildSeconds = async ({ release, ...wanted }: IstioTestsWanted, conformance: boolean): Promise<number> => {
  const asked = wanted.packages.length === 0 ? release : await pinnedRelease(wanted, release)
  return secondsToBuildJudges({ ...wanted, release: asked }, conformance)
}

/** The release whose module has the tests of a release: itself, or for published images the pinned one of its minor. */
const pinnedRelease = async (
  { istioSource }: Pick<IstioTestsWanted, 'istioSource'>,
  asked: string,
): Promise<string> => {
  if (istioSource !== undefined) return asked
  const { releases } = await loadRecipes()
  const fitting =
    releases.find(({ name }) => name === asked) ?? releases.find(({ name }) => minorOf(name) === minorOf(asked))
  if (fitting !== undefined) return fitting.name
  throw new MeshproofError('MP-370', {
    what: 'No module is pinned with the tests of this release of Istio',
    where: asked,
    why: `pinned are those of ${releases.map(({ name }) => name).join(', ')}`,
    next: 'Judge a lab of such a release (--istio), or leave Istio’s judges out: --with=gateway-api.',
  })
}

const notBuilt = (judge: string, where: string, cause: unknown): unknown => {
  if (!(cause instanceof MeshproofError) || cause.code === 'MP-370') return cause
  return new MeshproofError('MP-370', {
    what: `The program of the judge ${judge} cannot be built`,
    where,
    why: cause.message,
    next: 'Install Go 1.26 or newer, and let it reach a module proxy (GOPROXY); then run the same command again.',
    cause,
  })
}
