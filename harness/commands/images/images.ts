import { stat } from 'node:fs/promises'
import { nodeArchitecture } from '#engine/docker.ts'
import { tellOf } from '#images/build-progress.ts'
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

/** What a command of `images` prints, once nothing is under way any more, and its exit code. */
type Outcome = { output: unknown; exitCode?: number }

/** Performs a command of `images …` and returns its exit code. */
export const performImages = async (
  invocation: ImagesInvocation,
  screen: Terminal,
  signal: AbortSignal,
): Promise<number> => {
  const { output, exitCode = 0 } = await outcomeOf(invocation, screen, signal)
  screen.close()
  print(output)
  return exitCode
}

const outcomeOf = (invocation: ImagesInvocation, screen: Terminal, signal: AbortSignal): Promise<Outcome> => {
  switch (invocation.command) {
    case 'images list':
      return listImages(invocation.options, screen, signal)
    case 'images build':
      return buildImages(invocation.options, screen, signal)
    case 'images mirror':
      return mirrorImages(invocation.options, screen, signal)
    case 'images verify':
      return verifyImages(invocation.options, screen, signal)
    case 'images save':
      return saveArchive(invocation.options, screen, signal)
    case 'images load':
      return loadArchive(invocation.options, screen, signal)
  }
}

/** The options of a command of `images`. */
type OptionsOf<Command extends ImagesInvocation['command']> = Extract<ImagesInvocation, { command: Command }>['options']

const listImages = async (
  { images, output, ...wanted }: OptionsOf<'images list'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  const namesRelease = Object.values(wanted).some((value) => value !== undefined)
  return images === 'release' || (images === undefined && namesRelease)
    ? { output: await publishedState(wanted, output, { signal, tell: tellOf(screen.building, 'digests') }) }
    : { output: await sourceState(output) }
}

const buildImages = async (
  { harness, platform }: OptionsOf<'images build'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  await requireCache()
  const engine = await ensureEngine(screen.line, signal)
  const image = harness
    ? await buildHarness(engine, screen.building, signal, platform)
    : (await sourceImages({}, engine, screen.building, signal)).node
  return { output: `${image}  ${megabytes(await imageBytes(image))}` }
}

const mirrorImages = async (
  { to, output, ...wanted }: OptionsOf<'images mirror'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  const plan = await planned(wanted, { signal, tell: tellOf(screen.building, 'versions') })
  await ensureEngine(screen.line, signal)
  const { copied, there: present } = await mirror(plan, to, screen.building, signal)
  if (output === 'json') return { output: { copied, there: present } }
  const lines = [
    ...copied.map((name) => `copied  ${placed(to, name)}`),
    `${copied.length} copied, ${present.length} there already`,
    next('images verify', plan, `--registry=${to}`, wanted),
  ]
  return { output: lines.join('\n') }
}

const verifyImages = async (
  { registry, output, ...wanted }: OptionsOf<'images verify'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  const asking = { signal, tell: tellOf(screen.building, 'digests') }
  const { same, differing } = await verifyMirror(await planned({ ...wanted, registry }, asking), registry, asking)
  const exitCode = differing.length === 0 ? 0 : 1
  if (output === 'json') return { output: { same, differing }, exitCode }
  const lines = [
    ...differing.map((difference) => differenceLine(difference, registry)),
    `${same.length} as they should be, ${differing.length} not`,
  ]
  return { output: lines.join('\n'), exitCode }
}

const saveArchive = async (
  { file, output, ...wanted }: OptionsOf<'images save'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  await requireCache()
  const engine = await ensureEngine(screen.line, signal)
  await resolveImageSource({ ...wanted, images: 'release' })
  const ready = await planRelease(wanted, engine, { signal, tell: tellOf(screen.building, 'versions') })
  await saveImages(ready, file, screen.building, signal)
  const { size } = await stat(file)
  if (output === 'json')
    return { output: { file, bytes: size, architecture: nodeArchitecture(engine), versions: ready.plan.versions } }
  const lines = [
    `${file}  ${megabytes(size)}`,
    `there: meshproof images load ${file}`,
    next('test', ready.plan, '--images=release', wanted),
  ]
  return { output: lines.join('\n') }
}

const loadArchive = async (
  { file }: OptionsOf<'images load'>,
  screen: Terminal,
  signal: AbortSignal,
): Promise<Outcome> => {
  await ensureEngine(screen.line, signal)
  return { output: (await loadImages(file, signal)).join('\n') }
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
