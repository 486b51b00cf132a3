import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { ownerLives, ownerOf } from '#engine/owner.ts'
import { emptyCache, setVariable } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { forgetRun, loadRun, newRunId, runFolder, runIds, type RunState, saveRun } from './run-state.ts'

describe('the owner of a run', () => {
  test('lives as long as its process', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(child, 'spawn')
    const owner = await ownerOf(child.pid ?? 0)
    expect(await ownerLives(owner)).toBe(true)
    child.stdin.end()
    await once(child, 'exit')
    expect(await ownerLives(owner)).toBe(false)
  })

  test.runIf(process.platform === 'linux')(
    'does not live once it was killed, although nobody asked for its end',
    async () => {
      // The shell starts a process and becomes a program that never asks for the end of one.
      const parent = spawn('sh', ['-c', 'cat /dev/zero > /dev/null & echo $!; exec sleep 60'])
      try {
        const [pid] = (await once(parent.stdout, 'data')) as [Buffer]
        const owner = await ownerOf(Number(pid.toString()))
        expect(await ownerLives(owner)).toBe(true)
        // The shell itself may ask for the end of its process.
        await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
        process.kill(Number(pid.toString()), 'SIGKILL')
        await expect.poll(() => ownerLives(owner)).toBe(false)
        expect(process.kill(Number(pid.toString()), 0)).toBe(true)
      } finally {
        parent.kill('SIGKILL')
      }
    },
  )

  test.runIf(process.platform === 'linux')('is not a later process with the same id', async () => {
    const owner = await ownerOf(process.pid)
    expect(await ownerLives(owner)).toBe(true)
    const [host, pid, start, namespace] = owner.split('/')
    expect(await ownerLives([host, pid, Number(start) - 1, namespace].join('/'))).toBe(false)
  })

  test('on another host counts as alive', async () => {
    const owner = await ownerOf(process.pid)
    expect(await ownerLives(owner.replace(hostname(), 'elsewhere').replace(/\/\d+\//, '/4194999/'))).toBe(true)
  })

  // A container with the network of its host has the name of its host, but process ids of its own.
  test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'counts as alive in a container with the same host name, and its processes count as alive here',
    async () => {
      const script = `
        import { ownerLives, ownerOf } from ${JSON.stringify(join(import.meta.dirname, '../engine/owner.ts'))}
        console.log(JSON.stringify([await ownerLives(process.argv[1]), await ownerOf(process.pid)]))`
      const isolate = ['--pid', '--fork', '--mount-proc', process.execPath, '--input-type=module', '--eval', script]
      const { stdout } = await execa('unshare', [...isolate, await ownerOf(process.pid)])
      const [hereLives, inside] = JSON.parse(stdout) as [boolean, string]
      expect(inside).toMatch(new RegExp(`^${hostname()}/1/`))
      expect([hereLives, await ownerLives(inside)]).toEqual([true, true])
    },
  )

  test('of a pod ends with it: the pod that replaces it has its host name and takes over', async () => {
    const owner = await ownerOf(process.pid)
    setVariable('KUBERNETES_SERVICE_HOST', '10.0.0.1')
    const ofKilledPod = (await ownerOf(process.pid)).replace(/\/\d+\//, '/4194999/')
    expect(await ownerLives(ofKilledPod)).toBe(false)
    if (process.platform === 'linux') expect(await ownerLives(owner.replace(/\/\d+\//, '/4194999/'))).toBe(true)
  })
})

describe('the state of a run', async () => {
  const { images } = await idleLab()
  const state: RunState = {
    id: '20260101-000000-abcd',
    topology: 'gateway',
    mtls: 'strict',
    owner: 'host/1/1',
    kept: true,
    images,
  }

  test('is read as it was written, and only its user can read it', async () => {
    await emptyCache()
    await saveRun({ ...state, kept: false })
    await saveRun(state)
    expect(await loadRun(state.id)).toEqual(state)
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777
    expect(await mode(runFolder(state.id))).toBe(0o700)
    expect(await mode(join(runFolder(state.id), 'run.json'))).toBe(0o600)
  })

  test('is gone once the run is forgotten, and the state of other runs is not', async () => {
    await emptyCache()
    const later = { ...state, id: '20260102-000000-abcd' }
    await saveRun(later)
    await saveRun(state)
    expect(await runIds()).toEqual([state.id, later.id])
    await forgetRun(state.id)
    await forgetRun(state.id)
    expect(await runIds()).toEqual([later.id])
    expect(await loadRun(state.id)).toBeUndefined()
  })

  test('of no run is an empty list', async () => {
    await emptyCache()
    expect(await runIds()).toEqual([])
  })
})

test('run ids sort by time and differ within a second', () => {
  const second = new Date('2026-01-02T03:04:05Z')
  expect(newRunId(second)).toMatch(/^20260102-030405-[0-9a-f]{4}$/)
  expect(new Set(Array.from({ length: 5 }, () => newRunId(second))).size).toBeGreaterThan(1)
  expect(newRunId(second) < newRunId(new Date('2026-01-02T03:04:06Z'))).toBe(true)
})
