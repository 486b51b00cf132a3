import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { sourceGatewayApi } from '#images/gateway-api.ts'
import { hostPlatform, moduleFolder } from '#images/source/go.ts'
import { loadRelease, releaseFile, type Release } from '#images/release/release-plan.ts'
import type { HelmArchives } from './helm.ts'
import type { Published, PushedImage } from './publish.ts'

const { os, arch } = hostPlatform()

/**
 * Lays out a download site in a folder, with the paths of the real one, and writes the pins of the rehearsal:
 * release.yaml with other addresses, versions, checksums and digests. An image that release.yaml pins by tag alone is
 * pinned by tag alone here too.
 */
export const writePins = async (
  published: Published,
  archives: HelmArchives,
  { registry, site }: { registry: string; site: string },
  folder: string,
  file: string,
): Promise<void> => {
  const release = await loadRelease(releaseFile)
  const {
    recipes: { roles, kubernetes },
    istio,
  } = published
  const atSite = (url: string): string => url.replace(/^https:\/\/[^/]+/, `http://${site}`)
  const { helm, charts, gatewayApi } = release
  if (helm === undefined || charts === undefined) throw new Error('release.yaml has no Helm')
  if (gatewayApi === undefined) throw new Error('release.yaml has no Gateway API')
  const pathOf = (url: string): string =>
    join(folder, new URL(fill(atSite(url), { istio, kind: release.kind, helm: helm.version })).pathname)

  const { kind, istioctl } = release.programs
  const manifest = release.loadBalancerManifest
  for (const url of [kind.url, istioctl.url, manifest.url]) await mkdir(dirname(pathOf(url)), { recursive: true })
  await copyFile(published.kind, pathOf(kind.url))
  await copyFile(published.istioctl, pathOf(istioctl.url))
  const publishedManifest = await readFile(
    join(await moduleFolder('metallb', 'go.universe.tf/metallb'), 'config/manifests/metallb-native.yaml'),
    'utf8',
  )
  await writeFile(pathOf(manifest.url), publishedManifest.replaceAll('quay.io/', `${registry}/`))
  for (const [archive, { url }] of [
    [archives.helm, helm],
    [archives.charts, charts],
  ] as const) {
    await mkdir(dirname(pathOf(url)), { recursive: true })
    await copyFile(archive, pathOf(url))
  }
  for (const path of (await sourceGatewayApi()).manifests) {
    const atPath = pathOf(gatewayApi.url.replace('{file}', basename(path)))
    await mkdir(dirname(atPath), { recursive: true })
    // Files of Go’s module cache are read-only, and so are copies of them.
    await writeFile(atPath, await readFile(path))
  }
  const checksumOf = async (url: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(pathOf(url)))
      .digest('hex')
  for (const { url, checksum } of [istioctl, helm, charts])
    await writeFile(`${pathOf(url)}${checksum}`, `${await checksumOf(url)}  ${basename(pathOf(url))}\n`)

  const program = async ({ url, checksum }: Release['programs']['kind']): Promise<Release['programs']['kind']> => ({
    url: atSite(url),
    checksum,
    sha256: { [`${os}-${arch}`]: await checksumOf(url) },
  })
  const pinnedByTag = release.images
    .filter(({ digest }) => digest === undefined)
    .map(({ name }) => name.replace(/^[^/]+\/|:[^:]+$/g, ''))
  const reference = ({ repository, tag, digest }: PushedImage): string =>
    `${registry}/${repository}:${tag}${pinnedByTag.includes(repository) ? '' : `@${digest}`}`
  const pins = {
    ...release,
    kubernetes,
    programs: { kind: await program(kind), istioctl: await program(istioctl) },
    helm: { ...helm, url: atSite(helm.url) },
    charts: { ...charts, url: atSite(charts.url) },
    gatewayApi: { ...gatewayApi, url: atSite(gatewayApi.url) },
    loadBalancerManifest: { url: atSite(manifest.url), sha256: await checksumOf(manifest.url) },
    node: reference(published.node),
    images: published.images.map(reference),
    roles: {
      ...Object.fromEntries(
        Object.entries(roles).map(([role, name]) => [role, name.replace(/^docker\.io\//, `${registry}/`)]),
      ),
      tag: istio,
    },
  } satisfies Record<keyof Release, unknown>
  await writeFile(file, stringify(pins))
}

const fill = (url: string, versions: { istio: string; kind: string; helm: string }): string =>
  Object.entries({ ...versions, os, arch }).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), url)
