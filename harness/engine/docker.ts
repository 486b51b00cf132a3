import { ExecaError, type Options } from 'execa'
import { execa } from '#programs.ts'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'

const Info = z.object({
  ServerVersion: z.string(),
  Architecture: z.string(),
  CgroupVersion: z.string().default(''),
  NCPU: z.number(),
  MemTotal: z.number(),
  OperatingSystem: z.string().default(''),
  DockerRootDir: z.string(),
  DefaultRuntime: z.string().default(''),
  Driver: z.string().default(''),
  OSType: z.string().default('linux'),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().nullish(),
  PidsLimit: z.boolean().nullish(),
  CPUShares: z.boolean().nullish(),
  /** The ranges that networks get, each cut into parts of `Size` bits; none where the engine has its own default. */
  DefaultAddressPools: z.array(z.object({ Base: z.string(), Size: z.number() })).nullish(),
  /** What answers Docker’s API. */
  program: z.enum(['Docker', 'Podman']).default('Docker'),
})

/** What `docker info` says where `docker` is Podman’s own program. */
const PodmanInfo = z.object({
  host: z.object({
    arch: z.string(),
    cpus: z.number(),
    memTotal: z.number(),
    cgroupVersion: z.string().default(''),
    distribution: z.object({ distribution: z.string() }).default({ distribution: 'unknown' }),
    security: z.object({ rootless: z.boolean().default(false) }).default({ rootless: false }),
  }),
  store: z.object({ graphRoot: z.string() }),
  version: z.object({ Version: z.string() }),
})

const infoOfPodman = ({ host, store, version }: z.infer<typeof PodmanInfo>): EngineInfo =>
  Info.parse({
    program: 'Podman',
    ServerVersion: version.Version,
    Architecture: host.arch,
    CgroupVersion: host.cgroupVersion.replace(/^v/, ''),
    NCPU: host.cpus,
    MemTotal: host.memTotal,
    OperatingSystem: host.distribution.distribution,
    DockerRootDir: store.graphRoot,
    SecurityOptions: host.security.rootless ? ['name=rootless'] : [],
  })

/** What `docker info` reports about the engine. */
export type EngineInfo = z.infer<typeof Info>

const unreachable =
  /(?:Cannot connect|trying to connect) to the Docker daemon|error during connect|docker daemon (is not )?running/i

/**
 * Runs the docker CLI and returns its output without the last line end. DOCKER_HOST and docker's contexts apply.
 * @throws MeshproofError MP-201 when the engine does not answer, MP-205 when it refuses a privileged container, MP-202
 * when the command fails otherwise.
 */
export const docker = async (
  args: string[],
  options: Options & { signal?: AbortSignal | undefined } = {},
): Promise<string> => {
  const { signal, ...rest } = options
  try {
    // In a process group of its own: a terminal's Ctrl-C goes to the group of the run, and would end the programs that
    // clean up.
    const { stdout } = await execa('docker', args, {
      stdin: 'ignore',
      detached: process.platform !== 'win32',
      ...rest,
      ...(signal ? { cancelSignal: signal } : {}),
    })
    return typeof stdout === 'string' ? stdout : ''
  } catch (error) {
    throw explainDocker(error, args)
  }
}

const explainDocker = (error: unknown, args: string[]): unknown => {
  if (!(error instanceof ExecaError) || error.isCanceled) return error
  const output = error.stderr ?? ''
  const command = `docker ${args.slice(0, 2).join(' ')}`
  if (error.code === 'ENOENT' || error.timedOut || unreachable.test(output)) {
    return new MeshproofError('MP-201', {
      what: 'The container engine does not answer',
      where: command,
      why:
        error.code === 'ENOENT'
          ? 'the docker program is not installed'
          : error.timedOut
            ? 'it took longer than 10 s'
            : firstLine(output),
      next: '`meshproof doctor` shows what is wrong. Run the same command again once `docker info` answers.',
      cause: error,
    })
  }
  if (/unable to apply caps/.test(output)) {
    return new MeshproofError('MP-205', {
      what: 'The engine cannot start privileged containers: its host lacks capabilities',
      where: command,
      why: firstLine(output),
      next:
        'Stop this engine and run the same command as root: meshproof then starts an engine whose runtime leaves ' +
        'out those capabilities.',
      cause: error,
    })
  }
  return new MeshproofError('MP-202', {
    what: 'The container engine refused a command',
    where: command,
    why: firstLine(output) || reasonOf(error),
    next: '`meshproof doctor` shows the engine’s state.',
    cause: error,
  })
}

const firstLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .find((line) => !/^(WARNING|DEPRECATED)/.test(line)) ?? ''

/**
 * Reads what the engine reports about itself.
 * @throws MeshproofError MP-201 when it does not answer within 10 seconds.
 */
export const engineInfo = async (signal?: AbortSignal): Promise<EngineInfo> => {
  const json = ['--format', '{{json .}}']
  const [answer, version] = await Promise.all([
    docker(['info', ...json], { timeout: 10_000, signal }),
    docker(['version', ...json], { timeout: 10_000, signal }).catch(() => ''),
  ])
  const said: unknown = answer.startsWith('{') ? JSON.parse(answer) : undefined
  const parsed = Info.safeParse(said)
  if (parsed.success) return { ...parsed.data, program: /"Podman Engine"/.test(version) ? 'Podman' : 'Docker' }
  const podman = PodmanInfo.safeParse(said)
  if (podman.success) return infoOfPodman(podman.data)
  throw new MeshproofError('MP-201', {
    what: 'The container engine does not answer',
    where: process.env['DOCKER_HOST'] ?? 'the default socket',
    why: 'docker info returned no server',
    next: 'Start the engine; `docker info` must show a server.',
  })
}

/**
 * Makes sure that the engine answers. After a failed command it shows whether the engine is gone.
 * @throws MeshproofError MP-201 when it does not answer within 10 seconds.
 */
export const requireEngine = async (signal?: AbortSignal): Promise<void> => {
  await docker(['version'], { timeout: 10_000, signal })
}

/** True when an engine answers. */
export const engineAnswers = (): Promise<boolean> =>
  engineInfo().then(
    () => true,
    () => false,
  )

/** The engine's architecture, named as Go and OCI name it. */
export const nodeArchitecture = (info: EngineInfo): string =>
  ({ x86_64: 'amd64', aarch64: 'arm64', amd64: 'amd64', arm64: 'arm64' })[info.Architecture] ?? info.Architecture
