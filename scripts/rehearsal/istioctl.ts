import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { parseDocument } from 'yaml'
import { artifact } from '#images/cache.ts'
import { differences } from '#images/differences.ts'
import { buildProgram, hostPlatform, moduleFolder } from '#images/source/go.ts'
import { recipeFolder, recipeKey } from '#images/source/recipes.ts'

/**
 * Settings that a run needs for the proxies that are built here, which are upstream Envoy. The charts of this publisher
 * have them as defaults, as those of any publisher of such proxies would.
 */
const chartDefaults = { env: differences.source.istiod, ...differences.source.values }

/**
 * Builds istioctl of the rehearsal and packs it as Istio publishes it. Returns the path of the archive, which is kept
 * in the cache. Its chart of the control plane has other defaults. Go refuses to overlay files of its module cache, so
 * istioctl is built from a copy of the module.
 * @throws MeshproofError MP-31x when it cannot be built.
 */
export const istioctlArchive = async (
  version: string,
  report: (building: string) => void,
  signal?: AbortSignal,
): Promise<string> => {
  const key = await recipeKey([version, chartDefaults, hostPlatform()], ['istio'])
  const folder = await artifact('rehearsal-istioctl', key, async (into) => {
    report('istioctl of the rehearsal')
    const scratch = await mkdtemp(join(tmpdir(), 'meshproof-istio-'))
    try {
      await execa('cp', [
        '-r',
        '--no-preserve=mode',
        await moduleFolder('istio', 'istio.io/istio'),
        join(scratch, 'istio'),
      ])
      await changeChartDefaults(join(scratch, 'istio/manifests/charts/istio-control/istio-discovery/values.yaml'))
      for (const file of ['go.sum', 'tools.go']) await copyFile(join(recipeFolder, 'istio', file), join(scratch, file))
      await writeFile(
        join(scratch, 'go.mod'),
        `${await readFile(join(recipeFolder, 'istio/go.mod'), 'utf8')}\nreplace istio.io/istio => ./istio\n`,
      )
      const module = {
        name: 'istio',
        checkout: scratch,
        tags: 'vtprotobuf,disable_pgv',
        ldflags: `-X istio.io/istio/pkg/version.buildVersion=${version}`,
      }
      await buildProgram(
        module,
        { name: 'istioctl', package: 'istio.io/istio/istioctl/cmd/istioctl' },
        hostPlatform(),
        scratch,
        { signal },
      )
      await execa('tar', ['-czf', join(into, 'istioctl.tar.gz'), '-C', scratch, 'istioctl'])
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })
  return join(folder, 'istioctl.tar.gz')
}

/** Changes the defaults in the values of the chart of the control plane. */
export const changeChartDefaults = async (file: string): Promise<void> => {
  const values = parseDocument(await readFile(file, 'utf8'))
  for (const [path, value] of leavesOf(chartDefaults)) values.setIn(['_internal_defaults_do_not_set', ...path], value)
  await writeFile(file, values.toString())
}

const leavesOf = (tree: object): [path: string[], value: unknown][] =>
  Object.entries(tree).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? leavesOf(value).map(([path, leaf]): [string[], unknown] => [[name, ...path], leaf])
      : [[[name], value]],
  )
