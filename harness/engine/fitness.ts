import { execa } from '#programs.ts'
import { MeshproofError } from '#errors.ts'
import type { EngineInfo } from './docker.ts'

/** True where the engine runs without root’s rights. */
export const isRootless = ({ SecurityOptions }: Pick<EngineInfo, 'SecurityOptions'>): boolean =>
  SecurityOptions?.some((option) => /^(name=)?rootless(,|$)/.test(option)) ?? false

/** An engine’s name as people know it: `Docker 28.1`, `Podman 5.5.2, rootless`. */
export const engineName = (engine: EngineInfo): string =>
  `${engine.program} ${engine.ServerVersion}${isRootless(engine) ? ', rootless' : ''}`

/**
 * Why no lab can be made with an engine that answers; undefined where one can. What kind needs of a rootless engine is
 * what it checks itself (kind, pkg/cluster/internal/providers/common, “ValidateProvider”).
 */
export const unfitness = (engine: EngineInfo): string | undefined => {
  if (engine.program === 'Podman')
    return 'Podman answers Docker’s API, but its networks and privileged containers differ: labs need Docker'
  if (!isRootless(engine)) return undefined
  if (engine.CgroupVersion !== '2') return 'running kind with a rootless engine requires cgroup v2'
  return [engine.MemoryLimit, engine.PidsLimit, engine.CPUShares].every((limit) => limit !== false)
    ? undefined
    : 'running kind with a rootless engine requires the systemd property “Delegate=yes” for the user’s slice'
}

/** Refuses an engine with which no lab can be made. @throws MeshproofError MP-208. */
export const requireFitEngine = async (engine: EngineInfo): Promise<void> => {
  const why = unfitness(engine)
  if (why === undefined) return
  throw new MeshproofError('MP-208', {
    what: 'No lab can be made with this container engine',
    where: [engineName(engine), await engineAddress()].filter(Boolean).join(', '),
    why,
    next:
      engine.program === 'Podman'
        ? 'Start a Docker engine that runs as root, and point DOCKER_HOST or `docker context use` at it.'
        : 'Use a Docker engine that runs as root, or prepare this one: kind.sigs.k8s.io/docs/user/rootless.',
  })
}

/**
 * The engine that the user chose, by DOCKER_HOST or the context of the docker program. Undefined where it is the
 * machine’s own.
 */
export const engineAddress = async (environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> => {
  const host = environment['DOCKER_HOST']
  if (host) return `DOCKER_HOST=${host}`
  const { stdout, exitCode } = await execa('docker', ['context', 'show'], { reject: false, timeout: 10_000 })
  const context = stdout?.trim() ?? ''
  return exitCode === 0 && context !== '' && context !== 'default' ? `docker context ${context}` : undefined
}
