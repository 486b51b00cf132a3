import { describe, expect, test } from 'vitest'
import { reasonOf } from '#errors.ts'
import { errorOf, failingWith, fakeProgram, withoutPrograms } from '#testing/edge.ts'
import { docker, engineAnswers, engineInfo } from './docker.ts'

describe('the docker program', () => {
  test('gives back what it printed', async () => {
    await fakeProgram('docker', 'echo "$1 $2"')
    expect(await docker(['network', 'ls'])).toBe('network ls')
  })

  test.each([
    ['MP-201', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.'],
    ['MP-201', 'request failed. Is the docker daemon running?'],
    [
      'MP-201',
      'error during connect: Get "http://192.0.2.1:2375/v1.51/info": dial tcp 192.0.2.1:2375: connect: ' +
        'connection refused',
    ],
    ['MP-205', 'docker: Error response from daemon: runc create failed: unable to apply caps: operation not permitted'],
    [
      'MP-202',
      'Error response from daemon: Get "https://images.example/v2/": dial tcp: lookup images.example: no such host',
    ],
    ['MP-202', 'Error response from daemon: pool overlaps with other one on this address space'],
  ])('that fails is %s when it says “%s”', async (code, words) => {
    await fakeProgram('docker', failingWith(`WARNING: no swap limit support\n${words}\nRun 'docker --help' for more`))
    const error = await errorOf(docker(['network', 'create', 'x']))
    expect(error).toMatchObject({ code })
    expect(reasonOf(error)).toMatch(/\(docker network create\): /)
    expect(reasonOf(error).endsWith(`: ${words}`)).toBe(true)
  })

  test('that is not installed is an engine that does not answer', async () => {
    await withoutPrograms()
    await expect(docker(['info'])).rejects.toMatchObject({
      code: 'MP-201',
      message: expect.stringContaining('not installed'),
    })
    expect(await engineAnswers()).toBe(false)
  })

  test('that did not answer in time is MP-201', async () => {
    await fakeProgram('docker', 'exec sleep 5')
    await expect(docker(['info'], { timeout: 20 })).rejects.toMatchObject({ code: 'MP-201' })
  })

  test('that may not open the engine’s socket is MP-201', async () => {
    await fakeProgram(
      'docker',
      failingWith(
        'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      ),
    )
    await expect(docker(['info'])).rejects.toMatchObject({ code: 'MP-201' })
  })
})

describe('the engine’s facts', () => {
  test('are read from docker info', async () => {
    const facts = {
      ServerVersion: '28.1',
      Architecture: 'aarch64',
      NCPU: 2,
      MemTotal: 8e9,
      DockerRootDir: '/var/lib/docker',
    }
    await fakeProgram('docker', `echo '${JSON.stringify(facts)}'`)
    expect(await engineInfo()).toMatchObject({ ServerVersion: '28.1', NCPU: 2, OSType: 'linux' })
  })

  test('without a server are an engine that does not answer', async () => {
    await fakeProgram('docker', `echo '{"ServerErrors":["Cannot connect"],"NCPU":0}'`)
    await expect(engineInfo()).rejects.toMatchObject({ code: 'MP-201' })
  })
})
