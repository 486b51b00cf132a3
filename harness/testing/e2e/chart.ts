import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { engineInfo, nodeArchitecture } from '#engine/docker.ts'
import { buildAll } from '#images/build.ts'
import { loadRecipes } from '#images/source/recipes.ts'
import { helmItems } from '#images/source/source-items.ts'
import { manifestsOf, type Manifest } from '#kube/client.ts'

/** The folder of the chart. */
export const chartFolder = resolve(import.meta.dirname, '../../../fixtures/chart')

/** The path of Helm, built from its module where it is not in the cache. */
export const helmProgram = async (): Promise<string> => {
  const folders = await buildAll(
    await helmItems(await loadRecipes(), nodeArchitecture(await engineInfo())),
    () => undefined,
  )
  return join(folders.get('helm') ?? '', 'helm')
}

/** Values with everything that the chart can make. */
export const allValues = [
  '--set=contexts={in-cluster,cluster2}',
  '--set=suites.enabled=true',
  ...['', '.podMonitor', '.rules', '.dashboard'].map((part) => `--set=metrics${part}.enabled=true`),
]

/** The objects of the chart as the release `meshproof` in the namespace `meshproof`, without installing it. */
export const renderedChart = async (helm: string, ...flags: string[]): Promise<Manifest[]> => {
  const { stdout } = await execa(helm, ['template', 'meshproof', chartFolder, '--namespace=meshproof', ...flags])
  return manifestsOf(stdout)
}

/** The roles among objects that belong to an account. */
export const rolesOf = (objects: readonly Manifest[], account: string): Manifest[] =>
  objects.filter(({ kind = '', metadata }) => /^(Cluster)?Role$/.test(kind) && metadata?.name === account)
