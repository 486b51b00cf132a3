import { join } from 'node:path'
import { Readable } from 'node:stream'
import { GenericContainer, Wait } from 'testcontainers'
import { docker } from '#engine/docker.ts'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { artifact } from '#images/cache.ts'
import { inEngine } from '#images/release/files.ts'
import { buildProgram } from '#images/source/go.ts'
import { tarOf } from '#images/source/oci.ts'
import { recipeFolder, recipeKey } from '#images/source/recipes.ts'
import { newRunId } from '#lab/run-state.ts'

/** A registry on this machine. Image names begin with `host`. */
export type Registry = { host: string; stop: () => Promise<void> }

/** Builds the image of the registry: its program, built from its Go module, and its settings. Returns its name. */
const buildRegistryImage = async (arch: string, signal?: AbortSignal): Promise<string> => {
  const key = await recipeKey([arch], ['registry'])
  const tag = `meshproof/registry:${key}`
  if (await inEngine(tag)) return tag
  const program = { name: 'registry', package: 'github.com/distribution/distribution/v3/cmd/registry' }
  const folder = await artifact('registry', key, (into) =>
    buildProgram({ name: 'registry', tags: '', ldflags: '' }, program, { os: 'linux', arch }, into, { signal }),
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
 * Starts a registry on a port that only this machine can reach (Linux: it shares the host's network). Its container has
 * the labels of a run with this process as owner, so that the next run removes it if this process is killed. `users`
 * are lines of an htpasswd file. Without them the registry asks for no password.
 * @throws MeshproofError MP-202 when it does not start, MP-31x when it cannot be built.
 */
export const startRegistry = async (
  { arch, port, storage, users }: { arch: string; port: number; storage: string; users?: string },
  signal?: AbortSignal,
): Promise<Registry> => {
  // The reaper of testcontainers is one more image to pull. This project removes containers by their labels.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  const host = `127.0.0.1:${port}`
  const container = new GenericContainer(await buildRegistryImage(arch, signal))
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
  // The registry writes files as this user, who can delete them.
  if (process.getuid && process.getgid) container.withUser(`${process.getuid()}:${process.getgid()}`)
  const started = await container.start().catch((cause: unknown) => {
    throw new MeshproofError('MP-202', {
      what: 'The registry of the rehearsal did not start',
      where: host,
      why: reasonOf(cause),
      next: 'Stop the program that listens on that port (perhaps another rehearsal), then run the same command again.',
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
