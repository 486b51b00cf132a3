import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa, tellOfProgram } from '#programs.ts'
import { MeshproofError } from '#errors.ts'
import { artifact, cacheFolder } from '#images/cache.ts'
import { buildProgram, hostPlatform } from '#images/source/go.ts'
import { recipeKey } from '#images/source/recipes.ts'
import { until } from '#kube/until.ts'
import { missingCapabilities } from '#engine/capabilities.ts'
import { engineAnswers, engineInfo, type EngineInfo } from '#engine/docker.ts'
import { engineAddress } from '#engine/fitness.ts'
import { installPackages, isInstalled, mayInstallPackages } from '#engine/packages.ts'

/**
 * Returns the container engine. An engine that answers is used as it is. As root on a Debian-family system, a missing
 * engine is installed and started, and `say` gets one line about it.
 * @throws MeshproofError MP-203 on any other machine without an engine, with the command that helps; MP-204 when the
 * engine that was started does not answer.
 */
export const ensureEngine = async (say: (line: string) => void, signal?: AbortSignal): Promise<EngineInfo> => {
  const engine = await engineInfo(signal).catch((error: unknown) => {
    if (signal?.aborted) throw error
  })
  if (engine) return engine
  const chosen = await engineAddress()
  if (chosen !== undefined || !(await mayInstallPackages())) throw await noEngine(chosen)
  const installed = (await isInstalled('dockerd')) && (await isInstalled('iptables'))
  const missing = await missingCapabilities()
  const shim = missing.length > 0 ? `, with a runtime that leaves out ${missing.join(', ')}` : ''
  say(
    `No container engine answers: ${installed ? 'starting' : 'installing and starting'} the distribution’s ` +
      `Docker engine${shim}.`,
  )
  if (!installed) await installPackages(['docker.io', 'iptables'], signal)
  const log = await startEngine(missing.length > 0, signal)
  try {
    await until('the engine answers', engineAnswers, { every: 200, within: 60_000, signal })
  } catch (cause) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').at(-1)
    throw new MeshproofError('MP-204', {
      what: 'The Docker engine was started and does not answer',
      where: log,
      why: tail,
      next: 'Read that log; `meshproof doctor` shows the machine’s state.',
      cause,
    })
  }
  return engineInfo(signal)
}

const startEngine = async (withShim: boolean, signal?: AbortSignal): Promise<string> => {
  if (existsSync('/run/systemd/system') && !withShim) {
    await execa('systemctl', ['start', 'docker'], { reject: false })
    return 'journalctl -u docker'
  }
  await forgetKilledEngine()
  const runtime = withShim
    ? ['--add-runtime', `meshproof=${await runtimeShim(signal)}`, '--default-runtime', 'meshproof']
    : []
  await mkdir(cacheFolder(), { recursive: true })
  const path = join(cacheFolder(), 'engine.log')
  const log = await open(path, 'w')
  // The engine continues to run after this run, like a system service.
  tellOfProgram('dockerd', runtime)
  spawn('dockerd', runtime, { detached: true, stdio: ['ignore', log.fd, log.fd] }).unref()
  await log.close()
  return path
}

/**
 * Removes the process id files of a killed engine, unless an engine is running. A new engine refuses to start when
 * another process has such an id by now.
 */
const forgetKilledEngine = async (): Promise<void> => {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const names = await Promise.all(
    processes.map((id) =>
      readFile(`/proc/${id}/comm`, 'utf8').then(
        (name) => name.trim(),
        () => '',
      ),
    ),
  )
  if (names.includes('dockerd')) return
  for (const file of ['/var/run/docker.pid', '/var/run/docker/containerd/containerd.pid'])
    await rm(file, { force: true })
}

/**
 * Builds the OCI runtime that leaves out the capabilities that this host cannot grant (fixtures/images/runtime-shim).
 * It is installed with other programs and not in the cache: without its runtime, after the cache is deleted, the
 * engine could not start any container.
 */
const runtimeShim = async (signal?: AbortSignal): Promise<string> => {
  const folder = await artifact('runtime-shim', await recipeKey([hostPlatform()], ['runtime-shim']), (path) =>
    buildProgram(
      { name: 'runtime-shim', tags: '', ldflags: '' },
      { name: 'meshproof-runtime', package: '.' },
      hostPlatform(),
      path,
      { signal },
    ),
  )
  const path = '/usr/local/libexec/meshproof-runtime'
  await mkdir(dirname(path), { recursive: true })
  await copyFile(join(folder, 'meshproof-runtime'), path)
  return path
}

const noEngine = async (chosen: string | undefined): Promise<MeshproofError> => {
  const next = chosen
    ? `Start the engine behind ${chosen}, or choose another: unset DOCKER_HOST, or docker context use default.`
    : process.platform === 'darwin'
      ? 'open -a Docker'
      : process.platform === 'win32'
        ? 'Start Docker Desktop.'
        : (await isInstalled('dockerd'))
          ? 'sudo systemctl start docker'
          : 'sudo apt-get install docker.io   (or your distribution’s Docker engine)'
  return new MeshproofError('MP-203', {
    what: 'No container engine answers, and this is no place where meshproof installs one',
    where: chosen ?? 'the default socket',
    why: chosen
      ? 'an engine that was chosen is not replaced by another'
      : 'it does so as root on a Debian-family system only',
    next,
  })
}
