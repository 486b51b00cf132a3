import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { artifactAsMade } from './cache.ts'
import { chartNames, findCharts, type Charts } from './charts.ts'
import { isLoopback, mirroredIn } from './release/registry.ts'

/** What charts are pulled by: Helm. `version` is the wanted one (the newest without it), `registry` a mirror. */
type Pull = {
  program: string
  version?: string | undefined
  registry?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * Pulls the charts of Istio from a repository: `oci://HOST/PREFIX`, from a mirror where one is given, or the address of
 * a repository with an index. The user’s own logins of Helm apply.
 * @throws MeshproofError MP-361 for a chart that cannot be pulled.
 */
export const pullCharts = async (repository: string, { program, version, registry, signal }: Pull): Promise<Charts> =>
  findCharts(
    await artifactAsMade('charts', async (folder) => {
      for (const name of chartNames) {
        const from = sourceOf(repository, name, registry)
        const args = [
          'pull',
          ...from,
          '--destination',
          folder,
          ...(version === undefined ? [] : ['--version', version]),
        ]
        try {
          await execa(program, args, { stdin: 'ignore', ...(signal ? { cancelSignal: signal } : {}) })
        } catch (error) {
          if (error instanceof ExecaError && error.isCanceled) throw error
          throw notPulled(name, from, error)
        }
      }
    }),
  )

/** The arguments by which `helm pull` finds a chart. As docker does, Helm uses plain HTTP for this machine. */
const sourceOf = (repository: string, name: string, registry: string | undefined): string[] => {
  if (!repository.startsWith('oci://')) return [name, '--repo', repository]
  const published = `${repository.slice('oci://'.length).replace(/\/+$/, '')}/${name}`
  const { name: address } = mirroredIn(registry, { name: published, digest: undefined })
  return [`oci://${address}`, ...(isLoopback(address.split('/')[0] ?? '') ? ['--plain-http'] : [])]
}

const notPulled = (name: string, from: string[], error: unknown): MeshproofError =>
  new MeshproofError('MP-361', {
    what: `Chart ${name} could not be pulled`,
    where: from.join(' '),
    why: error instanceof ExecaError ? (error.stderr ?? '').replace(/^.*Error: /s, '').trim() : reasonOf(error),
    next: `Try helm pull ${from.join(' ')} by hand, or give --charts a folder.`,
    cause: error,
  })
