import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import type { EngineInfo } from '../engine/docker.ts'
import { emptyCache, errorOf, fakeProgram, scratchFolder } from '../testing/edge.ts'
import { releaseImages, releaseUpgrade } from './release.ts'

const engine = { Architecture: 'x86_64' } as EngineInfo
const digest = `sha256:${'a'.repeat(64)}`
const silent = (): void => undefined
const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')

/** An archive of an istioctl that is its version’s alone. */
const archive = async (version: string): Promise<Buffer> => {
  const folder = await scratchFolder()
  await writeFile(join(folder, 'istioctl'), `istioctl ${version}`)
  await execa('tar', ['-czf', 'archive', 'istioctl'], { cwd: folder })
  return readFile(join(folder, 'archive'))
}

/**
 * A publisher with 1.30.4, which is pinned, and 1.29.2, which is not and has its checksum beside it; and an engine that writes down
 * what it is asked, never has a node image and says of everything that it was pulled by one digest.
 */
const published = async ({ beside }: { beside?: string } = {}): Promise<{ host: string; pins: string; asked: () => Promise<string[]> }> => {
  await emptyCache()
  const [pinned, other] = [await archive('1.30.4'), await archive('1.29.2')]
  const files: Record<string, Buffer | string> = {
    '/1.30.4/istioctl.tar.gz': pinned, '/1.29.2/istioctl.tar.gz': other, '/1.29.2/istioctl.tar.gz.sha256': beside ?? `${sha256(other)}  istioctl.tar.gz\n`, '/kind': 'kind', '/metallb': 'metallb',
  }
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file === undefined ? 404 : 200).end(file)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const folder = await scratchFolder()
  const [pins, log] = [join(folder, 'release.yaml'), join(folder, 'asked')]
  const everywhere = (checksum: string): Record<string, string> => Object.fromEntries(['linux', 'darwin'].flatMap((os) => ['amd64', 'arm64'].map((arch) => [`${os}-${arch}`, checksum])))
  await writeFile(pins, stringify({
    kubernetes: 'v1.34.11',
    programs: { kind: { url: `http://${host}/kind`, sha256: everywhere(sha256('kind')) }, istioctl: { url: `http://${host}/{istio}/istioctl.tar.gz`, sha256: everywhere(sha256(pinned)) } },
    loadBalancerManifest: { url: `http://${host}/metallb`, sha256: sha256('metallb') },
    node: `${host}/kindest/node:v1.34.11@${digest}`,
    images: [`${host}/istio/pilot:1.30.4@${digest}`, `${host}/istio/proxyv2:1.30.4@${digest}`, `${host}/istio/examples-helloworld-v1:1.0`],
    roles: { hub: `${host}/istio`, tag: '1.30.4' },
  }))
  await writeFile(log, '')
  await fakeProgram('docker', `echo "$*" >> '${log}'
case "$1 $2" in
  'image inspect') case "$*" in *RepoDigests*) echo "$5@sha256:${'b'.repeat(64)}" | sed 's/:[0-9.]*@/@/' ;; *) exit 1 ;; esac ;;
  'exec '*) cat > /dev/null ;;
  'version '*) echo 1.47 ;;
  'run '*) echo container ;;
esac`)
  return { host, pins, asked: async () => (await readFile(log, 'utf8')).split('\n') }
}

test('two published versions share the node image and all that is not Istio’s, and have their own istioctl and images', async () => {
  const { host, pins, asked } = await published()
  const { from, to } = await releaseUpgrade(engine, { from: '1.29.2', to: '1.30.4' }, silent, undefined, pins)
  expect({ ...to, roles: {}, istioctl: '', envoy: '', digests: [] }).toEqual({ ...from, roles: {}, istioctl: '', envoy: '', digests: [] })
  expect([from.roles['tag'], to.roles['tag']]).toEqual(['1.29.2', '1.30.4'])
  expect(await Promise.all([from, to].map(({ istioctl }) => readFile(istioctl, 'utf8')))).toEqual(['istioctl 1.29.2', 'istioctl 1.30.4'])
  const saved = (await asked()).find((line) => line.startsWith('save '))?.split(' ').slice(1)
  expect(saved).toEqual([`${host}/istio/pilot:1.29.2`, `${host}/istio/pilot:1.30.4`, `${host}/istio/proxyv2:1.29.2`, `${host}/istio/proxyv2:1.30.4`, `${host}/istio/examples-helloworld-v1:1.0`])
}, 20_000)

test('the pinned version is pulled by its digests, another one by its tag and reported with what was pulled', async () => {
  const { host, pins, asked } = await published()
  const { from, to } = await releaseUpgrade(engine, { from: '1.29.2', to: '1.30.4' }, silent, undefined, pins)
  const pulled = (await asked()).filter((line) => line.startsWith('pull ')).map((line) => line.split(' ').at(-1))
  expect(pulled).toEqual(expect.arrayContaining([`${host}/istio/pilot:1.29.2`, `${host}/istio/pilot@${digest}`]))
  const pilot = ({ digests }: typeof from): string[] => digests.filter(({ name }) => name.includes('/pilot:')).map((one) => `${one.name} ${one.digest}`)
  expect(pilot(from)).toEqual([`${host}/istio/pilot:1.29.2 sha256:${'b'.repeat(64)}`])
  expect(pilot(to)).toEqual([`${host}/istio/pilot:1.30.4 ${digest}`])
}, 20_000)

test('a lab of one version pulls nothing of another', async () => {
  const { host, pins, asked } = await published()
  const images = await releaseImages(engine, silent, undefined, pins)
  expect(await readFile(images.istioctl, 'utf8')).toBe('istioctl 1.30.4')
  expect(images.digests.map(({ name }) => name)).toEqual([`${host}/kindest/node:v1.34.11`, `${host}/istio/pilot:1.30.4`, `${host}/istio/proxyv2:1.30.4`, `${host}/istio/examples-helloworld-v1:1.0`])
  expect((await asked()).join('\n')).not.toContain('1.29.2')
}, 20_000)

test.each([
  ['MP-311', 'another checksum beside it', '0'.repeat(64)],
  ['MP-321', 'no checksum beside it', '<html>'],
])('%s: istioctl with %s is refused, and nothing is pulled', async (code, _, beside) => {
  const { host, pins, asked } = await published({ beside })
  expect(await errorOf(releaseUpgrade(engine, { from: '1.29.2', to: '1.30.4' }, silent, undefined, pins))).toMatchObject({ code, message: expect.stringContaining(`http://${host}/1.29.2/istioctl.tar.gz`) })
  expect((await asked()).filter((line) => line.startsWith('pull '))).toEqual([])
})

test('a version that was never published is told by its address', async () => {
  const { host, pins } = await published()
  expect(await errorOf(releaseUpgrade(engine, { from: '1.30.4', to: '1.99.0' }, silent, undefined, pins))).toMatchObject({ code: 'MP-321', message: expect.stringContaining(`http://${host}/1.99.0/istioctl.tar.gz.sha256): HTTP 404`) })
})
