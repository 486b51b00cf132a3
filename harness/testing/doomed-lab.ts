import { onTestFinished, vi } from 'vitest'
import type { EngineInfo } from '#engine/docker.ts'
import type { Check } from '#checks/check.ts'
import type { LabOrder } from '#run/open-lab.ts'
import { makePlans } from '#run/plan.ts'
import { emptyCache, fakeProgram } from './edge.ts'
import { idleLab } from './idle-lab.ts'
import { unreadTerminal } from './screen.ts'

/**
 * What is needed to open a lab that never comes up: the network of its engine cannot be used. `exec` in a node answers
 * all the same. Its terminal shows nothing.
 */
export const doomedLab = async (checks: readonly Check[] = []): Promise<LabOrder> => {
  const engine = await doomedEngine()
  // An ordinary user may not count what the processes of root have taken of the kernel: what this machine has left
  // does not matter to the lab.
  const user = vi.spyOn(process, 'getuid').mockReturnValue(1000)
  onTestFinished(() => {
    user.mockRestore()
  })
  const [plan] = await makePlans(['gateway'], [], checks)
  if (plan === undefined) throw new Error('gateway has no variant')
  return {
    runId: '20260101-000000-abcd',
    plan,
    images: (await idleLab()).images,
    engine,
    keep: false,
    reuse: false,
    terminal: unreadTerminal(),
    signal: new AbortController().signal,
  }
}

const doomedEngine = async (): Promise<EngineInfo> => {
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
