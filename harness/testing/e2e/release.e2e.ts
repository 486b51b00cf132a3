import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takesTurn } from './labs.ts'
import { engineContents, meshproof, type Outcome } from './product.ts'
import { startUnreliableServer, type Mishap, type UnreliableServer } from '../../../scripts/rehearsal/mishaps.ts'
import { serveNamedSite, serveProxy } from '../../../scripts/rehearsal/proxy.ts'
import { startRegistry, type Registry } from '../../../scripts/rehearsal/registry.ts'
import { removePulled, startStage, type Stage } from '../../../scripts/rehearsal/stage.ts'

takesTurn('the engine')

const cleanUps: (() => Promise<unknown>)[] = []
/** Cleans up when all tests have ended. */
const afterwards = (cleanUp: () => Promise<unknown>): void => {
  cleanUps.push(cleanUp)
}

const scratch = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-release-'))
  afterwards(() => rm(folder, { recursive: true, force: true }))
  return folder
}
const downloads = ['istioctl', 'kind', 'metallb-native.yaml']

// The tests after the first run at once, because most of them wait for a site.
describe('published images, from a publisher on this machine', { concurrent: true }, () => {
  let stage: Stage
  let before: string[]
  let pins: string

  beforeAll(async () => {
    before = await engineContents()
    stage = await startStage(console.log, () => undefined)
    pins = await readFile(stage.pins, 'utf8')
  }, 30 * 60_000)
  afterAll(async () => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
    await stage.stop()
    // A preloaded node image stays, as after every run, and so does the image of the registry.
    expect(
      (await engineContents()).filter(
        (name) => !before.includes(name) && !/^image meshproof\/(node|registry):/.test(name),
      ),
    ).toEqual([])
  }, 60_000)

  const alone = { concurrent: false, timeout: 20 * 60_000 }
  test('a lab of published images passes, and the results name the images', alone, async () => {
    const { exitCode, output, results } = await meshproof(
      ['--topology=primary-remote', '--images=release', `--pins=${stage.pins}`],
      { through: 'npm' },
    )
    expect(exitCode, output).toBe(0)
    expect(results?.environment).toMatchObject({
      istio: stage.istio,
      kubernetes: stage.kubernetes,
      kind: expect.stringMatching(/^kind v/),
    })
    const images = results?.environment.images ?? []
    expect(new Set(images.map(({ source }) => source))).toEqual(new Set(['release']))
    for (const name of ['kindest/node', 'istio/pilot', 'istio/proxyv2', 'metallb/speaker', 'curlimages/curl'])
      expect(images.map((image) => image.name)).toContainEqual(expect.stringContaining(`${stage.registry}/${name}:`))
    for (const { name, digest } of images) expect(digest, name).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(results?.topologies.map(({ name, verdict }) => ({ name, verdict }))).toEqual([
      { name: 'primary-remote', verdict: expect.stringMatching(/^(pass|flaky)$/) },
    ])
  })

  test('a minor stands for the newest patch in the registry', async () => {
    const { exitCode, output } = await meshproof([
      'images',
      'list',
      '--images=release',
      `--pins=${stage.pins}`,
      '--istio=1.31',
      '--kubernetes=1.34',
    ])
    expect(exitCode, output).toBe(0)
    for (const image of [`istio/pilot:${stage.istio}`, `kindest/node:${stage.kubernetes}`])
      expect(output).toContain(`${stage.registry}/${image}`)
  })

  // The runs below end before there is a cluster: at the latest at the pull of an image that is not published.
  const withMissingImage = (text: string): string =>
    text.replace(/(node: [^@\s]+:)\S+/, (_, name: string) => `${name}9.9.9`)

  /** Runs with other pins and an empty cache. `cached` lists the downloads that the cache holds afterwards. */
  const runWith = async (
    text: string,
    environment: Record<string, string> = {},
  ): Promise<Outcome & { cached: string[] }> => {
    const folder = await scratch()
    await writeFile(join(folder, 'pins.yaml'), text)
    const outcome = await meshproof(
      ['--topology=primary-remote', '--images=release', `--pins=${join(folder, 'pins.yaml')}`],
      { environment: { XDG_CACHE_HOME: folder, ...environment } },
    )
    expect(outcome.exitCode, outcome.output).toBe(2)
    expect(outcome.output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m)
    expect(outcome.results?.topologies[0]?.verdict).toBe('not-run')
    const artifacts = await readdir(join(folder, 'meshproof/artifacts')).catch((): string[] => [])
    await rm(folder, { recursive: true })
    return {
      ...outcome,
      cached: artifacts
        .filter((name) => !name.startsWith('.'))
        .map((name) => name.replace(/-[^-]+$/, '').replace(`-${stage.istio}`, ''))
        .sort(),
    }
  }

  /** Starts a download site that has mishaps. `pins` lead a run to it. */
  const siteWith = async (mishaps: Mishap[]): Promise<UnreliableServer & { pins: string }> => {
    const server = await startUnreliableServer(stage.site, mishaps)
    afterwards(server.close)
    return { ...server, pins: withMissingImage(pins).replaceAll(stage.site, server.address) }
  }
  const expectMissing = ({ output, cached }: { output: string; cached: string[] }): void => {
    expect(output).toContain('MP-323')
    expect(cached).toEqual(downloads)
  }

  test('an image that is not published', async () => {
    const outcome = await runWith(withMissingImage(pins))
    expectMissing(outcome)
    expect(outcome.output).toMatch(/kindest\/node:9\.9\.9.*manifest/)
  })

  test('a file with another checksum is refused, and nothing of it is cached', async () => {
    const { output, cached } = await runWith(
      pins.replace(/(?<=metallb-native\.yaml\s+sha256: )[0-9a-f]{8}/, '00000000'),
    )
    expect(output).toContain('MP-311')
    expect(output).toMatch(/metallb-native\.yaml.*expected 00000000/)
    expect(cached).not.toContain('metallb-native.yaml')
  })

  test('a file that is not there', async () => {
    const { output, cached } = await runWith(pins.replaceAll('kind-{os}', 'kin-{os}'))
    expect(output).toMatch(/MP-321.*HTTP 404/)
    expect(cached).not.toContain('kind')
  })

  test.each([
    ['too many requests', { path: '/istioctl-', times: 1, status: 429, retryAfter: 3 }, 3],
    ['a server that is not ready', { path: '/metallb-native.yaml', times: 2, status: 503, retryAfter: 1 }, 2],
  ] as const)('%s: the file is requested again, not sooner than the site allows', async (_, mishap, seconds) => {
    const server = await siteWith([mishap])
    expectMissing(await runWith(server.pins))
    const times = server.requests.filter(({ path }) => path.includes(mishap.path)).map(({ time }) => time)
    expect(times).toHaveLength(mishap.times + 1)
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(seconds * 1000)
  })

  test('after half of a download, the other half is requested', async () => {
    const server = await siteWith([{ path: '/kind-', times: 1, half: true }])
    expectMissing(await runWith(server.pins))
    expect(server.requests.filter(({ path }) => path.includes('/kind-')).map(({ range }) => range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=[1-9]\d*-$/),
    ])
  })

  test('a server that is never ready ends the run, which says so', async () => {
    const server = await siteWith([{ path: '/kind-', times: 99, status: 503, retryAfter: 0 }])
    const { output, cached } = await runWith(server.pins)
    expect(output).toMatch(/MP-321.*HTTP 503/)
    expect(cached).not.toContain('kind')
  })

  test('a slow site is waited for', async () => {
    const server = await siteWith([{ path: '/kind-', times: 1, seconds: 15 }])
    const outcome = await runWith(server.pins)
    expectMissing(outcome)
    expect(outcome.seconds).toBeGreaterThan(15)
    expect(server.requests.filter(({ path }) => path.includes('/kind-'))).toHaveLength(1)
  })

  /** Pins of small images in a registry. The last of them is not published. */
  const smallImages = (registry: string): string =>
    pins
      .replace(/node: \S+/, `node: ${registry}/istio/examples-helloworld-v1:1.0`)
      .replace(
        /images:\n(.+\n)+?(?=\w)/,
        `images:\n  - ${registry}/istio/examples-helloworld-v2:1.0\n  - ${registry}/istio/pilot:9.9.9\n`,
      )

  test.each([429, 503])('a registry that answers %i is asked again', async (status) => {
    const server = await startUnreliableServer(stage.registry, [
      { path: '/manifests/1.0', times: 2, status, retryAfter: 1 },
    ])
    afterwards(async () => {
      await server.close()
      await removePulled(server.address)
    })
    const { output } = await runWith(smallImages(server.address))
    expect(output).toMatch(/MP-323 .*istio\/pilot:9\.9\.9/)
  })

  describe('behind a proxy', () => {
    const name = 'downloads.rehearsal.test'
    const behindProxy = async (): Promise<{
      pins: string
      environment: Record<string, string>
      requestedHosts: string[]
    }> => {
      const site = await serveNamedSite(stage.files, name)
      const proxy = await serveProxy({ [`${name}:443`]: site.address })
      afterwards(async () => {
        await proxy.close()
        await site.close()
      })
      const root = join(await scratch(), 'root.pem')
      await writeFile(root, site.root)
      const address = `http://${proxy.address}`
      return {
        pins: withMissingImage(pins).replaceAll(`http://${stage.site}`, `https://${name}`),
        environment: { HTTPS_PROXY: address, https_proxy: address, NODE_EXTRA_CA_CERTS: root },
        requestedHosts: proxy.requestedHosts,
      }
    }

    test('every file is requested through HTTPS_PROXY, and nothing of this machine', async () => {
      const { pins: proxiedPins, environment, requestedHosts } = await behindProxy()
      expectMissing(await runWith(proxiedPins, environment))
      expect(new Set(requestedHosts)).toEqual(new Set([`${name}:443`]))
    })

    test('hosts of NO_PROXY are not requested through it', async () => {
      const { pins: proxiedPins, environment, requestedHosts } = await behindProxy()
      const { output } = await runWith(proxiedPins, { ...environment, NO_PROXY: name, no_proxy: name })
      expect(output).toMatch(new RegExp(`MP-320 .*${name} does not answer`))
      expect(requestedHosts).toEqual([])
    })
  })

  // An image that has been pulled with a login is there without one.
  describe('a registry that requires a login', { concurrent: false }, () => {
    // The user “rehearsal” with the password “rehearsal”, hashed with bcrypt.
    const users = 'rehearsal:$2b$05$meshproofmeshproofmesuY0TvFl0NYAbnM5IyjsNLa.MGwLo.iAa'
    let registry: Registry

    beforeAll(async () => {
      registry = await startRegistry({ arch: stage.arch, port: 15502, storage: stage.storage, users })
    })
    afterAll(async () => {
      await registry.stop()
      await removePulled(registry.host)
    })

    const loginOf = async (password: string): Promise<Record<string, string>> => {
      const folder = await scratch()
      await writeFile(
        join(folder, 'config.json'),
        JSON.stringify({
          auths: { [registry.host]: { auth: Buffer.from(`rehearsal:${password}`).toString('base64') } },
        }),
      )
      return { DOCKER_CONFIG: folder }
    }

    test.each([
      ['without a login', undefined, /MP-323 .*helloworld.*(no basic auth credentials|unauthorized)/],
      ['with a wrong login', 'a-guess', /MP-323 .*helloworld.*unauthorized/],
      ['with the login of Docker’s configuration', 'rehearsal', /MP-323 .*istio\/pilot:9\.9\.9/],
    ])('%s', async (_, password, words) => {
      const { output } = await runWith(
        smallImages(registry.host),
        await (password === undefined ? { DOCKER_CONFIG: await scratch() } : loginOf(password)),
      )
      expect(output).toMatch(words)
      if (password !== undefined) expect(output).not.toContain(Buffer.from(`rehearsal:${password}`).toString('base64'))
    })
  })
})
