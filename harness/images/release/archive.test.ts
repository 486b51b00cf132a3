import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { EngineInfo } from '#engine/docker.ts'
import { deserted, emptyCache, errorOf, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { loadImages, saveImages } from './archive.ts'
import { planRelease, releaseImages } from './release.ts'

const engine = { Architecture: 'x86_64' } as EngineInfo
const silent = (): void => undefined
const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')

let pins: string
let folder: string

/**
 * Pins that lead to a host that is gone, and an engine that can load an archive and from then on has its two images.
 */
beforeEach(async () => {
  await emptyCache()
  folder = await scratchFolder()
  const host = await deserted()
  const files = join(folder, 'files', host.replace(':', '_'))
  await mkdir(files, { recursive: true })
  await writeFile(join(folder, 'istioctl'), 'istioctl')
  await execa('tar', ['-czf', join(files, 'istioctl.tar.gz'), 'istioctl'], { cwd: folder })
  for (const name of ['kind', 'metallb']) await writeFile(join(files, name), name)
  const everywhere = (checksum: string): Record<string, string> =>
    Object.fromEntries(
      ['linux', 'darwin'].flatMap((os) => ['amd64', 'arm64'].map((arch) => [`${os}-${arch}`, checksum])),
    )
  pins = join(folder, 'pins.yaml')
  await writeFile(
    pins,
    stringify({
      kubernetes: 'v1.34.11',
      kind: '0.33.0',
      programs: {
        kind: { url: `http://${host}/kind`, checksum: '.sha256sum', sha256: everywhere(sha256('kind')) },
        istioctl: {
          url: `http://${host}/istioctl.tar.gz`,
          checksum: '.sha256',
          sha256: everywhere(sha256(await readFile(join(files, 'istioctl.tar.gz')))),
        },
      },
      loadBalancerManifest: { url: `http://${host}/metallb`, sha256: sha256('metallb') },
      node: `${host}/kindest/node:v1.34.11`,
      images: [`${host}/istio/pilot:1.30.4`],
      roles: { hub: `${host}/istio`, tag: '1.30.4' },
    }),
  )
  await fakeProgram(
    'docker',
    `echo "$*" >> '${folder}/asked'
case "$*" in
  load*) touch '${folder}/loaded'; printf 'Loaded image: meshproof/node:a\\nLoaded image: meshproof/files:b\\n' ;;
  *Labels*) echo "${host}/kindest/node:v1.34.11@sha256:one ${host}/istio/pilot:1.30.4@sha256:two" ;;
  'image inspect '*) [ -e '${folder}/loaded' ] ;;
  create*) echo container ;;
  cp*) cp -r '${folder}/files/.' "$3" ;;
esac`,
  )
})

test('what is loaded is all that a run needs: programs, nodes, and the digests of their images', async () => {
  expect(await errorOf(planRelease({ pins }, engine))).toMatchObject({ code: 'MP-320' })
  expect(await loadImages('lab.tar')).toEqual(['meshproof/node:a', 'meshproof/files:b'])
  const images = await releaseImages(await planRelease({ pins }, engine), silent)
  expect(
    await Promise.all(
      [images.kind, images.istioctl, images.loadBalancerManifest].map((path) => readFile(path, 'utf8')),
    ),
  ).toEqual(['kind', 'istioctl', 'metallb'])
  expect(images.digests.map(({ digest }) => digest)).toEqual(['sha256:one', 'sha256:two'])
})

test('an archive holds the preloaded node image and the image of files', async () => {
  await loadImages('lab.tar')
  const planned = await planRelease({ pins }, engine)
  await saveImages(planned, join(folder, 'again.tar'), silent)
  expect((await readFile(join(folder, 'asked'), 'utf8')).split('\n')).toContain(
    `save --output ${join(folder, 'again.tar')} ${planned.plan.preloaded} ${planned.plan.files}`,
  )
})

test('MP-335: an archive of something else is refused', async () => {
  await fakeProgram('docker', `echo 'Loaded image: meshproof/files:abc'`)
  expect(await errorOf(loadImages('some.tar'))).toMatchObject({
    code: 'MP-335',
    message: expect.stringContaining('it holds meshproof/files:abc'),
  })
})
