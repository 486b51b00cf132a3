import { chmod, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import pMap from 'p-map'
import type { BuildItem } from '#images/build.ts'
import { isCached } from '#images/cache.ts'
import { inEngine, type Fetch } from './files.ts'
import { recipeKey } from '#images/source/recipes.ts'
import { hostOf, mirroredIn } from './registry.ts'
import type { Downloads, PublishedDownload } from './release-plan.ts'

/** The name of the downloaded istioctl of a version. */
export const istioctlOf = (version: string): string => `istioctl-${version}`

/** The programs and the manifest as items that are cached. `fetch` gets them. */
export const releaseItems = (downloads: Downloads, fetch: Fetch): Promise<BuildItem[]> =>
  Promise.all(
    filesIn(downloads).map(async ([name, file, finish]) => ({
      name,
      key: await keyOf(file),
      lane: 'network',
      seconds: 5,
      make: async (folder, signal, tell) => {
        await fetch(file, join(folder, name), { signal, tell })
        await finish(join(folder, name))
      },
    })),
  )

/**
 * The hosts of the files that this machine lacks. None where the engine has every file, and only the mirror where there
 * is one.
 */
export const missingHosts = async (
  { downloads, files }: { downloads: Downloads; files: string },
  registry: string | undefined,
): Promise<string[]> => {
  const lacking = await pMap(filesIn(downloads), async ([name, file]) =>
    (await isCached(name, await keyOf(file))) ? [] : [new URL(file.url).host],
  )
  if (lacking.flat().length === 0 || (await inEngine(files))) return []
  return registry === undefined ? lacking.flat() : [hostOf(mirroredIn(registry, { name: files, digest: undefined }))]
}

/** Each file with its name and with what is done to it after the download. */
const filesIn = ({
  kind,
  istioctl,
  loadBalancerManifest,
}: Downloads): [string, PublishedDownload, (path: string) => Promise<void>][] => [
  ['kind', kind, (path) => chmod(path, 0o755)],
  ...[...istioctl].map(([version, file]): [string, PublishedDownload, (path: string) => Promise<void>] => [
    istioctlOf(version),
    file,
    unpackIstioctl,
  ]),
  ['metallb-native.yaml', loadBalancerManifest, async () => undefined],
]

/** The cache key of a file: its pinned checksum, or otherwise its address. */
const keyOf = async ({ url, checksum }: PublishedDownload): Promise<string> =>
  'pinned' in checksum ? checksum.pinned : recipeKey(url)

const unpackIstioctl = async (path: string): Promise<void> => {
  const archive = `${path}.tar.gz`
  await rename(path, archive)
  await execa('tar', ['-xzf', archive, '-C', dirname(path), 'istioctl'])
  await rm(archive)
  await rename(join(dirname(path), 'istioctl'), path)
  await chmod(path, 0o755)
}
