import type { EngineInfo } from '#engine/docker.ts'
import { emptyCache, fakeProgram } from './edge.ts'

/** An engine whose network cannot be used, so that no lab comes up; `exec` in a node answers all the same. */
export const doomedEngine = async (): Promise<EngineInfo> => {
  await emptyCache()
  await fakeProgram(
    'docker',
    `case "$*" in *"network inspect"*) echo '[{"IPAM":{"Config":[{"Subnet":"10.10.0.0/16"}]}}]';; exec*) echo ` +
      `'unreachable 10.20.0.0/16';; esac`,
  )
  return {
    program: 'Docker',
    ServerVersion: '',
    OSType: 'windows',
    Architecture: 'x86_64',
    CgroupVersion: '',
    NCPU: 2,
    MemTotal: 0,
    OperatingSystem: '',
    DockerRootDir: '/',
    DefaultRuntime: '',
    Driver: '',
  }
}
