import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildProgress } from '#images/build.ts'
import { MeshproofError } from '#errors.ts'
import { recipeFolder } from '#images/source/recipes.ts'
import { conformanceProgram } from '#images/source/source-judges.ts'

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
    if (!(cause instanceof MeshproofError)) throw cause
    throw new MeshproofError('MP-370', {
      what: 'The program of the judge gateway-api cannot be built',
      where: `Go module ${conformanceModule} ${version}`,
      why: cause.message,
      next: 'Install Go 1.26 or newer, and let it reach a module proxy (GOPROXY); then run the same command again.',
      cause,
    })
  }
}
