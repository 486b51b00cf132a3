import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** A package that the harness needs to run: its folder on this machine, and its folder in the image. */
export type RuntimePackage = { from: string; to: string }

const names = z.record(z.string(), z.unknown()).default({})
const Package = z.object({
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).default({}),
})

/**
 * The packages that the package in the folder `root` needs to run, as they are installed here by any package manager:
 * its dependencies, and theirs. In the image each is in the top `node_modules`, or, where that holds another release
 * of it, below the package that needs it.
 * @throws Error where a dependency is not installed.
 */
export const runtimePackages = async (root: string): Promise<RuntimePackage[]> => {
  const packages: RuntimePackage[] = []
  const places = new Map<string, string>()
  const waiting: RuntimePackage[] = [{ from: await realpath(root), to: '' }]
  for (const needing of waiting) {
    for (const { name, optional } of await dependenciesOf(needing.from)) {
      const from = await installedFolder(needing.from, name)
      if (from === undefined) {
        if (optional) continue
        throw new Error(`${name}, which ${needing.from} needs, is not installed`)
      }
      const found = candidates(needing.to, name).find((place) => places.has(place))
      if (found !== undefined && places.get(found) === from) continue
      const top = `node_modules/${name}`
      const to = found === undefined ? top : join(needing.to, top)
      places.set(to, from)
      packages.push({ from, to })
      waiting.push({ from, to })
    }
  }
  return packages
}

/** Where Node looks in the image for a package that the package in `folder` imports, the nearest place first. */
const candidates = (folder: string, name: string): string[] => {
  const here = join(folder, 'node_modules', name)
  const end = folder.lastIndexOf('node_modules/')
  return folder === '' ? [here] : [here, ...candidates(folder.slice(0, Math.max(0, end - 1)), name)]
}

const dependenciesOf = async (folder: string): Promise<{ name: string; optional: boolean }[]> => {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = Package.parse(
    JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
  )
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
  return [...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers])]
    .filter((name) => !name.startsWith('@types/'))
    .map((name) => ({ name, optional: !(name in dependencies) || name in optionalDependencies }))
}

/** The folder of a package that the package in `folder` imports. Undefined where it is not installed. */
const installedFolder = async (folder: string, name: string): Promise<string | undefined> => {
  const place = await realpath(join(folder, 'node_modules', name)).catch(() => undefined)
  return place ?? (dirname(folder) === folder ? undefined : installedFolder(dirname(folder), name))
}
