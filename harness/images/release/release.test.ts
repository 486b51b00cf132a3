import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { EngineInfo } from '#engine/docker.ts'
import { emptyCache, errorOf, fakeProgram, listening, scratchFolder } from '#testing/edge.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from '#images/images.ts'
import { hostPlatform } from '#images/source/go.ts'
import { planRelease, releaseImages, releaseUpgrade } from './release.ts'

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

/** Helm’s archive, and Istio’s with the charts of a version, as they are published. */
const helmArchives = async (version: string): Promise<{ helm: Buffer; charts: Buffer }> => {
  const folder = await scratchFolder()
  const { os, arch } = hostPlatform()
  const files = {
    [`${os}-${arch}/helm`]: 'helm',
    ...Object.fromEntries(
      ['base', 'gateway', 'istiod'].map((name) => [
        `istio-${version}/manifests/charts/${name === 'istiod' ? 'istio-control/istio-discovery' : name}/Chart.yaml`,
        `name: ${name}`,
      ]),
    ),
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await execa('tar', ['-czf', 'helm.archive', `${os}-${arch}`], { cwd: folder })
  await execa('tar', ['-czf', 'charts.archive', `istio-${version}`], { cwd: folder })
  const [helm, charts] = await Promise.all(['helm', 'charts'].map((name) => readFile(join(folder, `${name}.archive`))))
  return { helm: helm!, charts: charts! }
}

/**
 * A publisher with 1.30.4, which is pinned, and 1.29.2, which is not and has its checksum beside it; and an engine that
 * writes down what it is asked, never has a node image and says of everything that it was pulled by one digest.
 */
const published = async ({
  beside,
  files: withImage = false,
  kind = 'kind',
}: { beside?: string; files?: boolean; kind?: string } = {}): Promise<{
  host: string
  pins: string
  asked: () => Promise<string[]>
  requested: () => string[]
}> => {
  await emptyCache()
  const [pinned, other] = [await archive('1.30.4'), await archive('1.29.2')]
  const { helm, charts } = await helmArchives('1.30.4')
  const files: Record<string, Buffer | string> = {
    '/1.30.4/istioctl.tar.gz': pinned,
    '/1.29.2/istioctl.tar.gz': other,
    '/1.29.2/istioctl.tar.gz.sha256': beside ?? `${sha256(other)}  istioctl.tar.gz\n`,
    '/kind-0.33.0': 'kind',
    '/kind-0.32.0': 'older kind',
    '/kind-0.32.0.sha256sum': `${sha256('older kind')}  bin/kind\n`,
    '/metallb': 'metallb',
    '/helm-4.3.1': helm,
    '/helm-4.3.1.sha256sum': `${sha256(helm)}  helm.tar.gz\n`,
    '/1.30.4/istio.tar.gz': charts,
    '/1.30.4/istio.tar.gz.sha256': `${sha256(charts)}  istio.tar.gz\n`,
  }
  const requested: string[] = []
  const server = createServer((request, response) => {
    requested.push(request.url ?? '')
    const file = files[request.url ?? '']
    response.writeHead(file === undefined ? 404 : 200).end(file)
  })
  const host = `127.0.0.1:${await listening(server)}`

  const folder = await scratchFolder()
  const [pins, log] = [join(folder, 'release.yaml'), join(folder, 'asked')]
  const everywhere = (checksum: string): Record<string, string> =>
    Object.fromEntries(
      ['linux', 'darwin'].flatMap((os) => ['amd64', 'arm64'].map((arch) => [`${os}-${arch}`, checksum])),
    )
  await writeFile(
    pins,
    stringify({
      kubernetes: 'v1.34.11',
      kind: '0.33.0',
      programs: {
        kind: { url: `http://${host}/kind-{kind}`, checksum: '.sha256sum', sha256: everywhere(sha256('kind')) },
        istioctl: {
          url: `http://${host}/{istio}/istioctl.tar.gz`,
          checksum: '.sha256',
          sha256: everywhere(sha256(pinned)),
        },
      },
      loadBalancerManifest: { url: `http://${host}/metallb`, sha256: sha256('metallb') },
      node: `${host}/kindest/node:v1.34.11@${digest}`,
      images: [
        `${host}/istio/pilot:1.30.4@${digest}`,
        `${host}/istio/proxyv2:1.30.4@${digest}`,
        `${host}/istio/examples-helloworld-v1:1.0`,
      ],
      roles: { hub: `${host}/istio`, tag: '1.30.4' },
      helm: { version: '4.3.1', url: `http://${host}/helm-{helm}`, checksum: '.sha256sum' },
      charts: { url: `http://${host}/{istio}/istio.tar.gz`, checksum: '.sha256' },
    }),
  )
  await writeFile(log, '')
  // An engine that can pull the image of files has it from then on, and hands its files out.
  const inImage = join(folder, 'files', host.replace(':', '_'))
  for (const version of ['1.30.4', '1.29.2']) await mkdir(join(inImage, version), { recursive: true })
  for (const [name, content] of Object.entries({ ...files, '/kind-0.33.0': kind }))
    await writeFile(join(inImage, name), content)
  await fakeProgram(
    'docker',
    `echo "$*" >> '${log}'
case "$1 $2" in
  'image inspect') case "$*" in
    *RepoDigests*) echo "$5@sha256:${'b'.repeat(64)}" | sed 's/:[a-z0-9.]*@/@/' ;;
    *Labels*) cat '${log}.label' ;;
    *meshproof/files:*) [ -e '${log}.files' ] || exit 1 ;;
    *) exit 1 ;;
  esac ;;
  'pull '*) case "$*" in *meshproof/files:*) ${withImage ? `touch '${log}.files'` : 'exit 1'} ;; esac ;;
  'create '*) echo container ;;
  'cp '*) cp -r '${folder}/files/.' "$3" ;;
  'commit '*) echo "$*" | sed 's/.*LABEL [^"]*"\\([^"]*\\)".*/\\1/' > '${log}.label' ;;
  'exec '*) cat > /dev/null ;;
  'version '*) echo 1.47 ;;
  'run '*) echo container ;;
esac`,
  )
  return { host, pins, asked: async () => (await readFile(log, 'utf8')).split('\n'), requested: () => requested }
}

const upgrade = async (pins: string, names: Upgrading, wanted: Partial<Wanted> = {}): Promise<UpgradeImages> =>
  releaseUpgrade(await planRelease({ pins, ...wanted }, engine, undefined, names), names, silent)
const images = async (pins: string, wanted: Partial<Wanted> = {}): Promise<Images> =>
  releaseImages(await planRelease({ pins, ...wanted }, engine), silent)

test(
  'two published versions share the node image and all that is not Istio’s, and have their own istioctl and ' +
    'images',
  async () => {
    const { host, pins, asked } = await published()
    const { from, to } = await upgrade(pins, { from: '1.29.2', to: '1.30.4' })
    expect({ ...to, roles: {}, istioctl: '', envoy: '', digests: [] }).toEqual({
      ...from,
      roles: {},
      istioctl: '',
      envoy: '',
      digests: [],
    })
    expect([from.roles['tag'], to.roles['tag']]).toEqual(['1.29.2', '1.30.4'])
    expect(await Promise.all([from, to].map(({ istioctl }) => readFile(istioctl, 'utf8')))).toEqual([
      'istioctl 1.29.2',
      'istioctl 1.30.4',
    ])
    const saved = (await asked())
      .find((line) => line.startsWith('save '))
      ?.split(' ')
      .slice(1)
    expect(saved).toEqual([
      `${host}/istio/pilot:1.29.2`,
      `${host}/istio/pilot:1.30.4`,
      `${host}/istio/proxyv2:1.29.2`,
      `${host}/istio/proxyv2:1.30.4`,
      `${host}/istio/examples-helloworld-v1:1.0`,
    ])
  },
  20_000,
)

test('the pinned version is pulled by its digests, another by its tag and reported with its digest', async () => {
  const { host, pins, asked } = await published()
  const { from, to } = await upgrade(pins, { from: '1.29.2', to: '1.30.4' })
  const pulled = (await asked()).filter((line) => line.startsWith('pull ')).map((line) => line.split(' ').at(-1))
  expect(pulled).toEqual(expect.arrayContaining([`${host}/istio/pilot:1.29.2`, `${host}/istio/pilot@${digest}`]))
  const pilot = ({ digests }: typeof from): string[] =>
    digests.filter(({ name }) => name.includes('/pilot:')).map((image) => `${image.name} ${image.digest}`)
  expect(pilot(from)).toEqual([`${host}/istio/pilot:1.29.2 sha256:${'b'.repeat(64)}`])
  expect(pilot(to)).toEqual([`${host}/istio/pilot:1.30.4 ${digest}`])
})

test('a lab of one version pulls nothing of another', async () => {
  const { host, pins, asked } = await published()
  const got = await images(pins)
  expect(await readFile(got.istioctl, 'utf8')).toBe('istioctl 1.30.4')
  expect(got.digests.map(({ name }) => name)).toEqual([
    `${host}/kindest/node:v1.34.11`,
    `${host}/istio/pilot:1.30.4`,
    `${host}/istio/proxyv2:1.30.4`,
    `${host}/istio/examples-helloworld-v1:1.0`,
  ])
  expect((await asked()).join('\n')).not.toContain('1.29.2')
})

test.each([
  ['MP-311', 'another checksum beside it', '0'.repeat(64)],
  ['MP-321', 'no checksum beside it', '<html>'],
])('%s: istioctl with %s is refused, and nothing is pulled', async (code, _, beside) => {
  const { host, pins, asked } = await published({ beside })
  expect(await errorOf(upgrade(pins, { from: '1.29.2', to: '1.30.4' }))).toMatchObject({
    code,
    message: expect.stringContaining(`http://${host}/1.29.2/istioctl.tar.gz`),
  })
  expect((await asked()).filter((line) => line.startsWith('pull '))).toEqual([])
})

test('a version that was never published is told by its address', async () => {
  const { host, pins } = await published()
  expect(await errorOf(upgrade(pins, { from: '1.30.4', to: '1.99.0' }))).toMatchObject({
    code: 'MP-321',
    message: expect.stringContaining(`http://${host}/1.99.0/istioctl.tar.gz.sha256): HTTP 404`),
  })
})

test(
  'versions that are asked for take the place of the pinned ones: images by tag, programs by the checksum ' +
    'published beside them',
  async () => {
    const { host, pins, asked } = await published()
    const got = await images(pins, { istio: '1.29.2', kubernetes: '1.33.7', kind: '0.32.0' })
    expect(await Promise.all([got.istioctl, got.kind].map((path) => readFile(path, 'utf8')))).toEqual([
      'istioctl 1.29.2',
      'older kind',
    ])
    expect(got).toMatchObject({ kubernetes: 'v1.33.7', roles: { tag: '1.29.2' } })
    const pulled = (await asked()).filter((line) => line.startsWith('pull ')).map((line) => line.split(' ').at(-1))
    expect(new Set(pulled)).toEqual(
      new Set(
        ['istio/examples-helloworld-v1:1.0', 'istio/pilot:1.29.2', 'istio/proxyv2:1.29.2', 'kindest/node:v1.33.7'].map(
          (name) => `${host}/${name}`,
        ),
      ),
    )
    expect(got.digests).toContainEqual({
      name: `${host}/kindest/node:v1.33.7`,
      digest: `sha256:${'b'.repeat(64)}`,
      source: 'release',
    })
  },
  20_000,
)

test(
  'from a mirror, everything is pulled under its whole name there and gets its published name again; its ' +
    'publishers are not asked',
  async () => {
    const { host, pins, asked, requested } = await published({ files: true })
    const got = await images(pins, { registry: `${host}/company/mirror` })
    expect(await readFile(got.istioctl, 'utf8')).toBe('istioctl 1.30.4')
    expect(requested()).toEqual(['/v2/'])
    const there = `${host}/company/mirror/${host.replace(':', '_')}`
    const lines = await asked()
    const pulled = lines.filter((line) => line.startsWith('pull ')).map((line) => line.split(' ').at(-1) ?? '')
    expect(pulled).toEqual(
      expect.arrayContaining([
        `${there}/kindest/node@${digest}`,
        `${there}/istio/pilot@${digest}`,
        `${there}/istio/examples-helloworld-v1:1.0`,
        expect.stringMatching(`^${host}/company/mirror/meshproof/files:`),
      ]),
    )
    expect(pulled.every((name) => name.startsWith(`${host}/company/mirror/`))).toBe(true)
    expect(lines).toContain(`tag ${there}/istio/pilot@${digest} ${host}/istio/pilot:1.30.4`)
    expect(got.digests.map(({ name }) => name)).toContain(`${host}/istio/pilot:1.30.4`)
  },
  20_000,
)

test('a mirror has the checksums of other versions beside their files', async () => {
  const { host, pins, requested } = await published({ files: true })
  const got = await images(pins, { registry: host, istio: '1.29.2', kind: '0.32.0' })
  expect(await Promise.all([got.istioctl, got.kind].map((path) => readFile(path, 'utf8')))).toEqual([
    'istioctl 1.29.2',
    'older kind',
  ])
  expect(requested()).toEqual(['/v2/'])
  const other = await published({ files: true, beside: '0'.repeat(64) })
  expect(await errorOf(images(other.pins, { registry: other.host, istio: '1.29.2' }))).toMatchObject({ code: 'MP-311' })
})

test('a file of the mirror that is not the pinned one is refused', async () => {
  const { host, pins } = await published({ files: true, kind: 'another kind' })
  expect(await errorOf(images(pins, { registry: host }))).toMatchObject({
    code: 'MP-311',
    message: expect.stringContaining(`http://${host}/kind-0.33.0`),
  })
})

test('pins that are not of that form are told by where they are wrong', async () => {
  const pins = join(await scratchFolder(), 'pins.yaml')
  await writeFile(pins, stringify({ kubernetes: 'v1.34.11', kind: 33 }))
  expect(await errorOf(images(pins))).toMatchObject({
    code: 'MP-330',
    message: expect.stringContaining(`${pins}): kind: `),
  })
  await writeFile(pins, '')
  expect(await errorOf(images(pins))).toMatchObject({ message: expect.stringContaining(`${pins}): the file: `) })
})

test('Helm and charts come with the published images only where Helm installs the mesh', async () => {
  const { pins, requested } = await published()
  const without = await images(pins)
  expect(without.helm).toBeUndefined()
  expect(requested().filter((path) => /helm|istio\.tar/.test(path))).toEqual([])
  const { helm, ...others } = await images(pins, { installer: 'helm' })
  expect(others).toEqual({ ...without, helm: undefined })
  expect(helm?.version).toBe('v4.3.1')
  expect(await readFile(helm?.program ?? '', 'utf8')).toBe('helm')
  for (const [name, folder] of Object.entries(helm?.charts ?? {}))
    expect(await readFile(join(folder, 'Chart.yaml'), 'utf8')).toBe(`name: ${name}`)
})

test('pins without Helm are enough for istioctl, and refused where Helm installs the mesh', async () => {
  const { pins } = await published()
  const text = await readFile(pins, 'utf8')
  await writeFile(pins, text.slice(0, text.indexOf('\nhelm:')))
  await images(pins)
  expect(await errorOf(images(pins, { installer: 'helm' }))).toMatchObject({ code: 'MP-330' })
})
