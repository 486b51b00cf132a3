import { join } from 'node:path'
import { Readable } from 'node:stream'
import { GenericContainer, Wait } from 'testcontainers'
import { docker } from '#engine/docker.ts'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { artifact } from '#images/cache.ts'
import { buildProgram } from '#images/source/go.ts'
import { tarOf } from '#images/source/oci.ts'
import { recipeFolder, recipeKey } from '#images/source/recipes.ts'
import { newRunId } from '#lab/run-state.ts'

/** A registry of this machine: what image names begin with, and its end. */
export type Registry = { host: string; stop: () => Promise<void> }

/** A registry's image: its program, built from its Go module, and its settings, from scratch. */
const registryImage = async (arch: string, signal?: AbortSignal): Promise<string> => {
  const key = await recipeKey([arch], ['registry'])
  const tag = `meshproof/registry:${key}`
  if (
    await docker(['image', 'inspect', '--format', '{{.Id}}', tag], { signal }).then(
      () => true,
      () => false,
    )
  )
    return tag
  const program = { name: 'registry', package: 'github.com/distribution/distribution/v3/cmd/registry' }
  const folder = await artifact('registry', key, (into) =>
    buildProgram({ name: 'registry', tags: '', ldflags: '' }, program, { os: 'linux', arch }, into, signal),
  )
  const files = tarOf([
    { from: join(folder, 'registry'), to: '/registry', mode: 0o755 },
    { from: join(recipeFolder, 'registry/config.yaml'), to: '/config.yaml', mode: 0o644 },
  ])
  await docker(['import', '--change', 'ENTRYPOINT ["/registry", "serve", "/config.yaml"]', '-', tag], {
    signal,
    stdin: 'pipe',
    input: Readable.from(files),
  })
  return tag
}

/**
 * Starts a registry on a port of this machine and of no other (Linux: it shares the host's network). It carries a run's
 * labels with this process as its owner: whatever becomes of us, the next run removes it. `users` are lines of a
 * htpasswd file; without them it asks nobody who they are.
 * @throws MeshproofError MP-202 when it does not start, MP-31x when it cannot be built.
 */
export const startRegistry = async (
  { arch, port, storage, users }: { arch: string; port: number; storage: string; users?: string },
  signal?: AbortSignal,
): Promise<Registry> => {
  // Its reaper is an image of its own that cannot be had everywhere; ours goes by labels.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  const host = `127.0.0.1:${port}`
  const container = new GenericContainer(await registryImage(arch, signal))
    .withNetworkMode('host')
    .withLabels({ [runLabel]: newRunId(), [ownerLabel]: await ownerOf(process.pid) })
    .withBindMounts([{ source: storage, target: '/storage' }])
    .withEnvironment({
      REGISTRY_HTTP_ADDR: host,
      OTEL_TRACES_EXPORTER: 'none',
      ...(users === undefined
        ? {}
        : { REGISTRY_AUTH_HTPASSWD_REALM: 'rehearsal', REGISTRY_AUTH_HTPASSWD_PATH: '/users' }),
    })
    .withCopyContentToContainer(users === undefined ? [] : [{ content: users, target: '/users' }])
    .withWaitStrategy(Wait.forLogMessage(/listening on/).withStartupTimeout(30_000))
  // What it writes is ours to delete.
  if (process.getuid && process.getgid) container.withUser(`${process.getuid()}:${process.getgid()}`)
  const started = await container.start().catch((cause: unknown) => {
    throw new MeshproofError('MP-202', {
      what: 'The registry of the rehearsal did not start',
      where: host,
      why: reasonOf(cause),
      next: 'Stop what listens on that port, another rehearsal perhaps, and run again.',
      cause,
    })
  })
  return {
    host,
    stop: async () => {
      await started.stop({ timeout: 0, removeVolumes: true })
    },
  }
}
