import { execa } from 'execa'
import { mkdtemp } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expectRefusal } from './expect-refusal.ts'
import { takesTurn } from './labs.ts'
import { engineContents, meshproof } from './product.ts'

takesTurn('the engine')

const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'meshproof-bad-'))

describe('a machine on which no lab can run', () => {
  test('no engine', async () => {
    const outcome = await meshproof(['--topology=gateway'], {
      environment: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    })
    expectRefusal(outcome, 'MP-203', /DOCKER_HOST/)
    expect(outcome.results?.topologies[0]?.verdict).toBe('not-run')
  })

  test('a cache folder that cannot be written', async () => {
    const outcome = await meshproof(['--topology=gateway'], { environment: { XDG_CACHE_HOME: '/dev/null/cache' } })
    expectRefusal(outcome, 'MP-301', /XDG_CACHE_HOME/)
    expect(outcome.results?.run.exitCode).toBe(2)
  })

  test.runIf(process.getuid?.() === 0)('a disk that is nearly full', async () => {
    const folder = await scratch()
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder])
    try {
      expectRefusal(
        await meshproof(['--topology=gateway'], { environment: { XDG_CACHE_HOME: folder } }),
        'MP-207',
        /nearly full/,
      )
    } finally {
      await execa('umount', [folder])
    }
  })

  test('registries that do not answer are named within seconds', async () => {
    const cache = await scratch()
    const outcome = await meshproof(['--topology=gateway', '--images=release'], {
      environment: { XDG_CACHE_HOME: cache, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' },
    })
    expectRefusal(outcome, 'MP-320', /docker\.io/)
    expect(outcome.seconds).toBeLessThan(20)
  })
})

describe('an engine that dies in the middle of a run', () => {
  test('is reported, the results are complete, and the next command deletes the lab', async () => {
    const before = await engineContents()
    const path = join(await scratch(), 'docker.sock')
    const open = new Set<Socket>()
    // A socket in front of the engine's own, which the test can close.
    const proxy = createServer({ allowHalfOpen: true }, (client) => {
      const engine = createConnection({ path: '/var/run/docker.sock', allowHalfOpen: true })
      for (const socket of [client, engine]) {
        open.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          open.delete(socket)
          client.destroy()
          engine.destroy()
        })
      }
      client.pipe(engine).pipe(client)
    }).listen(path)
    const outcome = await meshproof(['--topology=gateway'], {
      environment: { DOCKER_HOST: `unix://${path}` },
      disturb: {
        after: 'cluster1: created',
        act: () => {
          proxy.close()
          for (const socket of open) socket.destroy()
        },
      },
    })
    expectRefusal(outcome, 'MP-201', /does not answer/)
    expect(outcome.results?.topologies[0]?.verdict).toBe('not-run')
    await meshproof(['down'])
    expect(await engineContents()).toEqual(before)
  })
})
