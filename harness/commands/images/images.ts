import { stat } from 'node:fs/promises'
import { nodeArchitecture } from '#engine/docker.ts'
import { tellOf } from '#images/build.ts'
import { requireCache } from '#images/cache.ts'
import type { Wanted } from '#images/images.ts'
import { imageBytes } from '#images/node-image.ts'
import { loadImages, saveImages } from '#images/release/archive.ts'
import { type Difference, listPublished, mirror, verifyMirror } from '#images/release/mirror.ts'
import type { Patience } from '#images/release/patience.ts'
import { mirroredIn } from '#images/release/registry.ts'
import { filesOf, loadRelease, planOf, type ReleasePlan } from '#images/release/release-plan.ts'
import { planRelease } from '#images/release/release.ts'
import { resolveVersions } from '#images/release/resolve-versions.ts'
import { hostPlatform } from '#images/source/go.ts'
import { buildHarness } from '#images/source/harness-image.ts'
import { sourceState } from '#images/source/source-state.ts'
import { sourceImages } from '#images/source/source.ts'
import { resolveImageSource } from '#images/versions.ts'
import type { Terminal } from '#report/terminal.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { print } from '#run/print.ts'
import type { ImagesInvocation } from './options.ts'

/** Performs a command of `images …` and returns its exit code. */
export const performImages = async (
  invocation: ImagesInvocation,
  screen: Terminal,
  signal: AbortSignal,
): Promise<number> => {
  switch (invocation.command) {
    case 'images list': {
      const { images, output, ...wanted } = invocation.options
      const published =
        images === 'release' || (images === undefined && Object.values(wanted).some((value) => value !== undefined))
      const text = published
        ? await publishedState(wanted, output, { signal, tell: tellOf(screen.building, 'digests') })
        : await sourceState(output)
      screen.close()
      print(text)
      return 0
    }
    case 'images build': {
      await requireCache()
      const engine = await ensureEngine(screen.line, signal)
      const { harness, platform } = invocation.options
      const image = harness
        ? await buildHarness(engine, screen.building, signal, platform)
        : (await sourceImages({}, engine, screen.building, signal)).node
      screen.close()
      print(`${image}  ${megabytes(await imageBytes(image))}`)
      return 0
    }
    case 'images mirror': {
      const { to, output, ...wanted } = invocation.options
      const plan = await planned(wanted, { signal, tell: tellOf(screen.building, 'versions') })
      await ensureEngine(screen.line, signal)
      const { copied, there: present } = await mirror(plan, to, screen.building, signal)
      screen.close()
      print(
        output === 'json'
          ? { copied, there: present }
          : [
              ...copied.map((name) => `copied  ${placed(to, name)}`),
              `${copied.length} copied, ${present.length} there already`,
              next('images verify', plan, `--registry=${to}`, wanted),
            ].join('\n'),
      )
      return 0
    }
    case 'images verify': {
      const { registry, output, ...wanted } = invocation.options
      const asking = { signal, tell: tellOf(screen.building, 'digests') }
      const { same, differing } = await verifyMirror(await planned({ ...wanted, registry }, asking), registry, asking)
      screen.close()
      print(
        output === 'json'
          ? { same, differing }
          : [
              ...differing.map((difference) => differenceLine(difference, registry)),
              `${same.length} as they should be, ${differing.length} not`,
            ].join('\n'),
      )
      return differing.length === 0 ? 0 : 1
    }
    case 'images save': {
      const { file, output, ...wanted } = invocation.options
      await requireCache()
      const engine = await ensureEngine(screen.line, signal)
      await resolveImageSource({ ...wanted, images: 'release' })
      const ready = await planRelease(wanted, engine, { signal, tell: tellOf(screen.building, 'versions') })
      await saveImages(ready, file, screen.building, signal)
      screen.close()
      const { size } = await stat(file)
      print(
        output === 'json'
          ? { file, bytes: size, architecture: nodeArchitecture(engine), versions: ready.plan.versions }
          : [
              `${file}  ${megabytes(size)}`,
              `there: meshproof images load ${file}`,
              next('test', ready.plan, '--images=release', wanted),
            ].join('\n'),
      )
      return 0
    }
    case 'images load': {
      await ensureEngine(screen.line, signal)
      const names = await loadImages(invocation.options.file, signal)
      screen.close()
      print(names.join('\n'))
      return 0
    }
  }
}

const planned = async (wanted: Omit<Wanted, 'images'>, patience: Patience): Promise<ReleasePlan> => {
  await resolveImageSource({ ...wanted, images: 'release' })
  const release = await loadRelease(wanted.pins)
  return planOf(release, await resolveVersions(release, wanted, patience), hostPlatform().arch)
}

/** Every published image with its digest, and every file with its checksum if that is pinned. */
const publishedState = async (
  wanted: Omit<Wanted, 'images'>,
  form: 'text' | 'json',
  patience: Patience,
): Promise<string> => {
  const plan = await planned(wanted, patience)
  const images = await listPublished(plan, wanted.registry, patience)
  const files = filesOf(plan.release, plan.versions).map(({ url, checksum }) => ({
    url,
    sha256: 'pinned' in checksum ? checksum.pinned : undefined,
  }))
  if (form === 'json') return JSON.stringify({ versions: plan.versions, images, files }, null, 2)
  return [
    `Images of a lab, published (Kubernetes ${plan.versions.kubernetes}, Istio ${plan.versions.istio.join(', ')}, ` +
      `kind ${plan.versions.kind})`,
    ...images.map(({ name, digest }) => `  ${name}  ${digest ?? 'not there'}`),
    '',
    'Files',
    ...files.map(
      ({ url, sha256 }) =>
        `  ${url}  ${sha256 === undefined ? 'its checksum is published beside it' : `sha256:${sha256}`}`,
    ),
  ].join('\n')
}

const differenceLine = ({ name, expected, found }: Difference, registry: string): string =>
  `differs  ${placed(registry, name)}  ` +
  (found === undefined ? 'not there' : `${found} instead of ${expected ?? 'one that was recorded: mirror it again'}`)

const placed = (registry: string, name: string): string => mirroredIn(registry, { name, digest: undefined }).name

/** The command to run next, with exact versions, since a machine without a network cannot resolve others. */
const next = (
  command: string,
  { versions: { istio, kubernetes, kind, helm, gatewayApi } }: ReleasePlan,
  flag: string,
  { pins }: Omit<Wanted, 'images'>,
): string =>
  `next: meshproof ${command} ${flag}${pins === undefined ? '' : ` --pins=${pins}`} --istio=${istio.join(',')} ` +
  `--kubernetes=${kubernetes.replace(/^v/, '')} --kind=${kind}` +
  `${helm === undefined ? '' : ' --installer=helm'}${gatewayApi === undefined ? '' : ' --gateways=gateway-api'}`

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
