import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { z } from 'zod'
import { installPackages, isInstalled, mayInstallPackages } from '#engine/packages.ts'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'
import { hostUnreachable, isLoopback } from './registry.ts'
import { busyRegistry, unreachableHost } from './transfer.ts'
import { NotNow, patiently, type Patience } from './patience.ts'

/**
 * Makes sure that skopeo is installed, which copies images between registries.
 * @throws MeshproofError MP-331 where it is missing and cannot be installed here, MP-206 when apt fails.
 */
export const requireSkopeo = async (signal?: AbortSignal): Promise<void> => {
  if (await isInstalled('skopeo')) return
  if (await mayInstallPackages()) return installPackages(['skopeo'], signal)
  throw new MeshproofError('MP-331', {
    what: 'skopeo is not installed: it reads tags and digests of registries, and copies images',
    why: 'meshproof installs it only as root on a system of the Debian family',
    next:
      process.platform === 'darwin'
        ? 'brew install skopeo'
        : 'sudo apt-get install skopeo   (or your distribution’s skopeo)',
  })
}

const Tags = z.object({ Tags: z.array(z.string()) })
const Config = z.object({ config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).optional() })

/**
 * The tags of a repository (`host/path`).
 * @throws MeshproofError MP-320 when its registry cannot be reached, MP-332 when it refuses.
 */
export const tagsOf = async (repository: string, patience: Patience = {}): Promise<string[]> =>
  Tags.parse(
    JSON.parse(await skopeo(['list-tags', ...tls(repository), `docker://${repository}`], repository, patience)),
  ).Tags

/**
 * The digest that an image has in its registry now. It is the digest of the index where there is one. Undefined where
 * there is no such image.
 * @throws as tagsOf does.
 */
export const remoteDigest = async (name: string, patience: Patience = {}): Promise<string | undefined> => {
  const manifest = await unlessMissing(skopeo(['inspect', '--raw', ...tls(name), `docker://${name}`], name, patience))
  return manifest === undefined ? undefined : `sha256:${createHash('sha256').update(manifest).digest('hex')}`
}

/** The labels of an image in a registry. Undefined where there is no such image. @throws as tagsOf does. */
export const remoteLabels = async (
  name: string,
  patience: Patience = {},
): Promise<Record<string, string> | undefined> => {
  const config = await unlessMissing(skopeo(['inspect', '--config', ...tls(name), `docker://${name}`], name, patience))
  return config === undefined ? undefined : (Config.parse(JSON.parse(config)).config?.Labels ?? {})
}

/** Copies an image unchanged, with every platform, to another registry. @throws as tagsOf does. */
export const copyImage = async (from: string, to: string, patience: Patience = {}): Promise<void> => {
  const options = [
    ...tls(from).map((flag) => flag.replace('--', '--src-')),
    ...tls(to).map((flag) => flag.replace('--', '--dest-')),
  ]
  await skopeo(
    ['copy', '--quiet', '--all', '--preserve-digests', ...options, `docker://${from}`, `docker://${to}`],
    to,
    patience,
  )
}

/** Flags for a registry. Like docker, skopeo uses plain HTTP for registries on this machine only. */
const tls = (name: string): string[] => (isLoopback(name.split('/')[0] ?? '') ? ['--tls-verify=false'] : [])

class Missing extends MeshproofError {}

const unlessMissing = (output: Promise<string>): Promise<string | undefined> =>
  output.catch((error: unknown) => {
    if (error instanceof Missing) return undefined
    throw error
  })

/** Runs skopeo. Returns its output unchanged, because digests are computed from it. */
const skopeo = (args: string[], name: string, patience: Patience): Promise<string> =>
  patiently(async () => {
    try {
      const { stdout } = await execa('skopeo', [...withoutPolicy(), ...args], {
        stdin: 'ignore',
        stripFinalNewline: false,
        env: credentials(),
        ...(patience.signal ? { cancelSignal: patience.signal } : {}),
      })
      return stdout
    } catch (error) {
      throw explain(error, name)
    }
  }, patience)

/** Without a policy about trusted signatures skopeo refuses every image. Digests are compared in any case. */
const withoutPolicy = (): string[] => {
  const policies = [join(homedir(), '.config/containers/policy.json'), '/etc/containers/policy.json']
  return policies.some((path) => existsSync(path)) ? [] : ['--insecure-policy']
}

/** Makes skopeo use docker's file of credentials, unless the user names another one. This program reads neither. */
const credentials = (): Record<string, string> => {
  const file = join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')
  return process.env['REGISTRY_AUTH_FILE'] === undefined && existsSync(file) ? { REGISTRY_AUTH_FILE: file } : {}
}

const explain = (error: unknown, name: string): unknown => {
  if (!(error instanceof ExecaError)) return error
  if (error.isCanceled) return new Interrupted()
  const output = (error.stderr ?? '').trim()
  const why = /msg="(.*)"$/.exec(output.split('\n').at(-1) ?? '')?.[1]?.replaceAll('\\"', '"') ?? reasonOf(error)
  if (unreachableHost.test(output)) return hostUnreachable(name.split('/')[0] ?? '', why, error)
  const refused = {
    what: 'A registry refused a request',
    where: name,
    why,
    next: `Check the name, and whether docker is logged in: docker login ${name.split('/')[0] ?? ''}`,
    cause: error,
  }
  if (/manifest unknown|name unknown|not found|StatusCode: 404|status 404/i.test(output))
    return new Missing('MP-332', refused)
  const reason = busyRegistry.exec(output)?.[0]
  return reason === undefined
    ? new MeshproofError('MP-332', refused)
    : new NotNow(new MeshproofError('MP-332', refused), `${name.split('/')[0] ?? ''}: ${reason}`)
}
