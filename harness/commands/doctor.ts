import { cpus, totalmem } from 'node:os'
import { execa } from '#programs.ts'
import { cacheFolder } from '#images/cache.ts'
import { missingCapabilities } from '#engine/capabilities.ts'
import { networkRanges } from '#lab/network.ts'
import { engineInfo, type EngineInfo } from '#engine/docker.ts'
import { engineAddress, engineName, isRootless, unfitness } from '#engine/fitness.ts'
import { mayInstallPackages } from '#engine/packages.ts'
import { type InotifyInstances, inotifyInstances, inotifyOfNode, instancesLeft } from '#run/inotify.ts'
import { freeBytes, neededBytes } from '#run/space.ts'

/** One thing that was looked at: what was found, and what it means for a run. */
export type Finding = { what: string; found: string; state: 'ok' | 'note' | 'bad'; means: string }

/** Looks at this machine and says what it is fit for; changes nothing. */
export const doctor = async (): Promise<{ fit: boolean; findings: Finding[]; report: string }> => {
  const engine = await engineInfo().catch(() => undefined)
  const findings = [
    await engineFinding(engine),
    await capabilityFinding(engine),
    cgroupFinding(engine),
    ...(await spaceFindings(engine)),
    memoryFinding(engine),
    ...(await inotifyFindings()),
    ...(await networkFindings(engine)),
    ...(await Promise.all([
      tool('go', ['version'], 'builds the images from source'),
      tool('python3', ['-m', 'pip', '--version'], 'fetches Envoy for images from source'),
      tool(
        'mmdebstrap',
        ['--version'],
        'assembles Debian’s packages for images from source',
        await mayInstallPackages(),
      ),
    ])),
  ]
  const fit = findings.every(({ state }) => state !== 'bad')
  const mark = { ok: '✓', note: '~', bad: '✗' }
  const width = Math.max(...findings.map(({ what }) => what.length))
  const lines = findings.map(
    ({ what, found, state, means }) =>
      `${mark[state]} ${what.padEnd(width)}  ${found}\n  ${' '.repeat(width)}  ${means}`,
  )
  return {
    fit,
    findings,
    report: [...lines, '', fit ? 'This machine can run meshproof.' : 'This machine cannot run meshproof yet.'].join(
      '\n',
    ),
  }
}

/** What the container engine is, where one answers, and what that means for a run. */
export const engineFinding = async (engine: EngineInfo | undefined): Promise<Finding> => {
  const chosen = await engineAddress()
  if (engine) {
    const found = [`${engineName(engine)} on ${engine.OperatingSystem}`, chosen].filter(Boolean).join(', ')
    const why = unfitness(engine)
    if (why !== undefined) return { what: 'engine', found, state: 'bad', means: `${why}; a run refuses it (MP-208)` }
    return isRootless(engine)
      ? {
          what: 'engine',
          found,
          state: 'note',
          means: 'used as it is; meshproof’s own tests run on one with root’s rights',
        }
      : { what: 'engine', found, state: 'ok', means: 'used as it is' }
  }
  if (chosen !== undefined)
    return {
      what: 'engine',
      found: `none answers at ${chosen}`,
      state: 'bad',
      means: 'start that engine, or choose another; a run installs none in its place (MP-203)',
    }
  if (await mayInstallPackages())
    return {
      what: 'engine',
      found: 'none answers',
      state: 'note',
      means: 'a run installs and starts the distribution’s Docker engine',
    }
  return {
    what: 'engine',
    found: 'none answers',
    state: 'bad',
    means: 'start Docker; meshproof installs one only as root on a Debian-family system',
  }
}

const capabilityFinding = async (engine: EngineInfo | undefined): Promise<Finding> => {
  const missing = await missingCapabilities()
  if (missing.length === 0)
    return { what: 'capabilities', found: 'all', state: 'ok', means: 'privileged containers start' }
  const shimmed = engine === undefined || engine.DefaultRuntime === 'meshproof'
  return {
    what: 'capabilities',
    found: `without ${missing.join(', ')}`,
    state: shimmed ? 'ok' : 'note',
    means: shimmed
      ? 'the engine uses a runtime that leaves them out of privileged containers'
      : 'an engine with the same limits refuses kind’s nodes; one started by meshproof does not',
  }
}

/** The version of the engine's cgroups, and which versions of Kubernetes accept it. */
export const cgroupFinding = (engine: EngineInfo | undefined): Finding => {
  const version = engine?.CgroupVersion ?? ''
  if (version === '1')
    return {
      what: 'cgroups',
      found: 'version 1',
      state: 'ok',
      means: 'works; kubelet refuses it from Kubernetes 1.35 on, unless told otherwise: a lab sets failCgroupV1: false',
    }
  return {
    what: 'cgroups',
    found: version ? `version ${version}` : 'unknown without an engine',
    state: version ? 'ok' : 'note',
    means: 'works with every Kubernetes version',
  }
}

const inotifyFindings = async (): Promise<Finding[]> => {
  const instances = await inotifyInstances()
  return instances === undefined ? [] : [inotifyFinding(instances)]
}

/** Whether the kernel has enough inotify instances for labs. */
export const inotifyFinding = (instances: InotifyInstances): Finding => {
  const { limit, used } = instances
  const labs = Math.floor(instancesLeft(instances) / (2 * inotifyOfNode))
  const more = 'sysctl fs.inotify.max_user_instances=512'
  const unknown = used === undefined && limit < 512
  return {
    what: 'inotify instances',
    found: `${limit}, ${used === undefined ? 'only root can see how many are in use' : `${used} of them in use`}`,
    state: labs < 1 ? 'bad' : labs < 2 || unknown ? 'note' : 'ok',
    means:
      labs < 1
        ? `too few for a lab (MP-209): ${more}`
        : unknown
          ? `a lab takes ${2 * inotifyOfNode}; where they are in use: ${more}`
          : labs < 2
            ? `enough for one lab; --topology=all has two at a time: ${more}`
            : 'enough for two labs at a time',
  }
}

/**
 * How many networks the engine can still make: every lab has one of its own. Empty for an engine that does not report
 * its networks as Docker does.
 */
const networkFindings = async (engine: EngineInfo | undefined): Promise<Finding[]> => {
  const ranges = engine && (await networkRanges(engine).catch(() => undefined))
  if (ranges === undefined) return []
  const { free, total } = ranges
  return [
    {
      what: 'networks of the engine',
      found: `${free} of ${total} address ranges are free`,
      state: free === 0 ? 'bad' : free === 1 ? 'note' : 'ok',
      means:
        free === 0
          ? 'a lab needs one (MP-413): docker network prune'
          : free === 1
            ? 'enough for one lab; --topology=all has two at a time: docker network prune'
            : 'a lab takes one',
    },
  ]
}

const spaceFindings = async (engine: EngineInfo | undefined): Promise<Finding[]> => {
  const places = [
    ['disk of the engine', engine?.DockerRootDir ?? '/var/lib'],
    ['disk of the cache', (await freeBytes(cacheFolder())) === undefined ? '/' : cacheFolder()],
  ] as const
  return Promise.all(
    places.map(async ([what, folder]): Promise<Finding> => {
      const free = await freeBytes(folder)
      if (free === undefined) return { what, found: 'on another machine', state: 'ok', means: 'not looked at' }
      const gigabytes = (free / 1024 ** 3).toFixed(1)
      return {
        what,
        found: `${gigabytes} GB free`,
        state: free < neededBytes ? 'bad' : 'ok',
        means:
          free < neededBytes
            ? 'too little for a lab: 4 GB are needed'
            : 'a lab needs 4 GB; a first build from source about 15',
      }
    }),
  )
}

const memoryFinding = (engine: EngineInfo | undefined): Finding => {
  const gigabytes = (engine?.MemTotal ?? totalmem()) / 1024 ** 3
  const enough = gigabytes >= 5.5
  return {
    what: 'memory and cores',
    found: `${gigabytes.toFixed(1)} GB, ${engine?.NCPU ?? cpus().length} cores`,
    state: enough ? 'ok' : 'bad',
    means: enough ? 'enough for two clusters' : 'two clusters need 6 GB',
  }
}

const tool = async (name: string, args: string[], purpose: string, installable = false): Promise<Finding> => {
  const { exitCode, stdout } = await execa(name, args, { reject: false })
  if (exitCode === 0)
    return { what: name, found: stdout.split('\n')[0]?.split(' from ')[0] ?? '', state: 'ok', means: purpose }
  return {
    what: name,
    found: 'not installed',
    state: 'note',
    means: `${purpose}; ${installable ? 'a run installs it' : 'not needed with --images=release'}`,
  }
}
