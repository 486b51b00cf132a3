import { beforeEach, describe, expect, test } from 'vitest'
import { cgroupFinding, engineFinding, inotifyFinding } from './doctor.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { errorOf, failingWith, fakeProgram, setVariable } from '#testing/edge.ts'
import { engineInfo } from '#engine/docker.ts'
import { engineAddress, requireFitEngine, unfitness } from '#engine/fitness.ts'

const docker = { ServerVersion: '28.1', Architecture: 'x86_64', NCPU: 8, MemTotal: 16e9, DockerRootDir: '/var/lib' }
const rootless = { ...docker, SecurityOptions: ['name=seccomp', 'name=rootless'], CgroupVersion: '2' }
const podman = {
  host: {
    arch: 'amd64',
    cpus: 8,
    memTotal: 16e9,
    cgroupVersion: 'v2',
    distribution: { distribution: 'fedora' },
    security: { rootless: true },
  },
  store: { graphRoot: '/home/me/.local/share/containers/storage' },
  version: { Version: '5.5.2' },
}

/** An engine that says these things of itself. */
const engine = (info: object, components: string[] = ['Engine'], context = 'default'): Promise<void> => {
  const version = { Server: { Components: components.map((Name) => ({ Name })) } }
  return fakeProgram(
    'docker',
    `case "$1" in info) echo '${JSON.stringify(info)}';; version) echo '${JSON.stringify(version)}';; ` +
      `context) echo '${context}';; esac`,
  )
}

const engineOfDoctor = async (): Promise<unknown> => engineFinding(await engineInfo().catch(() => undefined))

beforeEach(() => {
  setVariable('DOCKER_HOST', '')
})

describe('an engine', () => {
  test('that is Docker with root’s rights is fit', async () => {
    await engine(docker)
    expect(unfitness(await engineInfo())).toBeUndefined()
    expect(await engineOfDoctor()).toMatchObject({ state: 'ok', found: expect.stringMatching(/^Docker 28\.1 on/) })
  })

  test('that is Podman behind Docker’s API is refused at once', async () => {
    await engine(rootless, ['Podman Engine'])
    setVariable('DOCKER_HOST', 'unix:///run/user/1000/podman/podman.sock')
    expect(await errorOf(requireFitEngine(await engineInfo()))).toMatchObject({
      code: 'MP-208',
      exitCode: 2,
      message: expect.stringMatching(/Podman 28\.1, rootless, DOCKER_HOST=unix:.*labs need Docker/),
    })
    expect(await engineOfDoctor()).toMatchObject({ state: 'bad', found: expect.stringContaining('Podman') })
  })

  test('that is Podman as the docker program is refused too', async () => {
    await engine(podman)
    expect(await engineInfo()).toMatchObject({ program: 'Podman', ServerVersion: '5.5.2', NCPU: 8 })
    expect(unfitness(await engineInfo())).toContain('Podman')
  })

  test.each<[string, object, string | undefined]>([
    ['with what kind needs', rootless, undefined],
    ['on cgroups of version 1', { ...rootless, CgroupVersion: '1' }, 'cgroup v2'],
    ['that was not given the limits', { ...rootless, PidsLimit: false }, 'Delegate=yes'],
  ])('without root’s rights, %s', async (_what, info, why) => {
    await engine(info)
    const words = unfitness(await engineInfo())
    if (why === undefined) expect(words).toBeUndefined()
    else expect(words).toContain(why)
    expect(await engineOfDoctor()).toMatchObject({
      state: why === undefined ? 'note' : 'bad',
      found: expect.stringContaining('rootless'),
    })
  })
})

test.each([
  ['1', 'version 1', 'ok', /Kubernetes 1\.35 .* a lab sets failCgroupV1: false/],
  ['2', 'version 2', 'ok', /every Kubernetes version/],
  ['', 'unknown without an engine', 'note', /every Kubernetes version/],
])('cgroups of version “%s”: %s', async (CgroupVersion, found, state, means) => {
  await engine({ ...docker, CgroupVersion })
  const finding = cgroupFinding(await engineInfo())
  expect(finding).toMatchObject({ found, state, means: expect.stringMatching(means) })
})

describe('where none answers', () => {
  const silent = (context: string): Promise<void> =>
    fakeProgram(
      'docker',
      `[ "$1" = context ] && echo ${context} && exit 0\n${failingWith('Cannot connect to the Docker daemon')}`,
    )

  test.each([
    ['DOCKER_HOST', 'tcp://192.0.2.1:2375', 'default', 'DOCKER_HOST=tcp://192.0.2.1:2375'],
    ['a context', '', 'colima', 'docker context colima'],
  ])('%s that somebody chose is bad, and a run puts no other in its place', async (_what, host, context, address) => {
    await silent(context)
    setVariable('DOCKER_HOST', host)
    expect(await engineAddress()).toBe(address)
    expect(await engineOfDoctor()).toMatchObject({ state: 'bad', found: `none answers at ${address}` })
    expect(await errorOf(ensureEngine(() => undefined))).toMatchObject({
      code: 'MP-203',
      message: expect.stringContaining(address),
    })
  })
})

test.each([
  [{ limit: 51, used: 0 }, 'bad', 'too few for a lab (MP-209): sysctl fs.inotify.max_user_instances=512'],
  [{ limit: 128, used: 77 }, 'bad', 'too few for a lab'],
  [{ limit: 128, used: 60 }, 'note', 'enough for one lab'],
  [{ limit: 512, used: 60 }, 'ok', 'enough for two labs at a time'],
  [{ limit: 40, used: undefined }, 'bad', 'too few for a lab'],
  [{ limit: 128, used: undefined }, 'note', 'a lab takes 52'],
  [{ limit: 512, used: undefined }, 'ok', 'enough for two labs at a time'],
])('inotify instances: %j', (instances, state, means) => {
  expect(inotifyFinding(instances)).toMatchObject({ state, means: expect.stringContaining(means) })
})
