import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from '#programs.ts'
import pMap from 'p-map'
import type { BuildItem } from '#images/build-item.ts'
import { isCached } from '#images/cache.ts'
import { inEngine, type Fetch } from './files.ts'
import { recipeKey } from '#images/source/recipes.ts'
import { hostOf, mirroredIn } from './registry.ts'
import type { Downloads, PublishedDownload } from './release-plan.ts'

/** The name of the downloaded istioctl of a version. */
export const istioctlOf = (version: string): string => `istioctl-${version}`

/** The name of the downloaded charts of a version. */
export const chartsOf = (version: string): string => `charts-${version}`

/** The programs and the manifest as items that are cached. `fetch` gets them. */
export const releaseItems = (downloads: Downloads, fetch: Fetch): Promise<BuildItem[]> =>
  Promise.all(
    filesIn(downloads).map(async ([name, file, finish]) => ({
      name,
      key: await keyOf(file),
      lane: 'network',
      seconds: 5,
      make: async (folder, making) => {
        await fetch(file, join(folder, name), making)
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
const filesIn = ({ kind, istioctl, loadBalancerManifest, helm, charts, gatewayApi }: Downloads): FinishedFile[] => [
  ['kind', kind, (path) => chmod(path, 0o755)],
  ...[...istioctl].map(([version, file]): FinishedFile => [istioctlOf(version), file, unpackIstioctl]),
  ['metallb-native.yaml', loadBalancerManifest, async () => undefined],
  ...(helm === undefined ? [] : [['helm', helm, unpackHelm] satisfies FinishedFile]),
  ...[...(charts ?? [])].map(([version, file]): FinishedFile => [
    chartsOf(version),
    file,
    (path) => unpackCharts(path, version),
  ]),
  ...[...(gatewayApi ?? [])].map(([name, file]): FinishedFile => [name, file, async () => undefined]),
]

type FinishedFile = [name: string, file: PublishedDownload, finish: (path: string) => Promise<void>]

/** The cache key of a file: its pinned checksum, or otherwise its address. */
const keyOf = async ({ url, checksum }: PublishedDownload): Promise<string> =>
  'pinned' in checksum ? checksum.pinned : recipeKey(url)

const unpackIstioctl = (path: string): Promise<void> => unpackProgram(path, 'istioctl', 0)

/** Helm’s archive holds the program in a folder of its platform. */
const unpackHelm = (path: string): Promise<void> => unpackProgram(path, 'helm', 1)

/** Replaces an archive by a program in it. `folders` is how many folders the program is in. */
const unpackProgram = async (path: string, program: string, folders: number): Promise<void> => {
  const archive = `${path}.tar.gz`
  await rename(path, archive)
  const into = `${path}.unpacked`
  await mkdir(into)
  await execa('tar', ['-xzf', archive, '-C', into, `--strip-components=${folders}`])
  await rename(join(into, program), path)
  await rm(into, { recursive: true })
  await rm(archive)
  await chmod(path, 0o755)
}

/** Replaces Istio’s archive by a folder with its charts. */
const unpackCharts = async (path: string, version: string): Promise<void> => {
  const archive = `${path}.tar.gz`
  await rename(path, archive)
  await mkdir(path)
  await execa('tar', ['-xzf', archive, '-C', path, '--strip-components=3', `istio-${version}/manifests/charts`])
  await rm(archive)
}
