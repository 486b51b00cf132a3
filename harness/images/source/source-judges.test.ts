import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { loadRecipes } from './recipes.ts'
import { conformanceProgram, istioTestServers, istioTests, sourceEcho } from './source-judges.ts'

/** A compiler that writes its command into the program, and a module with echo’s certificate. Counts its builds. */
const fakeGo = async (): Promise<{ builds: () => Promise<string[]> }> => {
  const folder = await scratchFolder()
  await fakeProgram(
    'go',
    `case "$1 $2" in
"mod download")
  mkdir -p '${folder}/module/tests/testdata/certs/dns'
  echo certificate > '${folder}/module/tests/testdata/certs/dns/cert-chain.pem'
  echo key > '${folder}/module/tests/testdata/certs/dns/key.pem'
  echo '{"Dir": "${folder}/module"}';;
*)
  echo "$*" >> '${folder}/builds'
  while [ "$1" != -o ]; do shift; done
  echo "$3" > "$2";;
esac`,
  )
  return {
    builds: async () => (await readFile(join(folder, 'builds'), 'utf8')).trim().split('\n'),
  }
}

const engine = { Architecture: 'x86_64' } as Parameters<typeof sourceEcho>[1]

test('echo is an image with its two programs and its certificate, built once', async () => {
  await emptyCache()
  const { builds } = await fakeGo()
  const echo = await sourceEcho({ release: '1.31-dev' }, engine, () => undefined)
  expect(echo.name).toBe('docker.io/istio/app:1.31-dev')

  const files = await scratchFolder()
  await execa('tar', ['-xf', echo.archive, '-C', files])
  const index = JSON.parse(await readFile(join(files, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: object }[]
  }
  expect(index.manifests[0]?.annotations).toEqual({ 'io.containerd.image.name': 'docker.io/istio/app:1.31-dev' })
  const blob = async (digest = ''): Promise<{ config: { digest: string; Entrypoint: string[] } }> =>
    JSON.parse(await readFile(join(files, 'blobs', digest.replace(':', '/')), 'utf8')) as never
  const { config } = await blob((await blob(index.manifests[0]?.digest)).config.digest)
  expect(config.Entrypoint).toEqual(['server'])

  expect(await sourceEcho({ release: '1.31-dev' }, engine, () => undefined)).toEqual(echo)
  expect(await builds()).toEqual([
    expect.stringMatching(
      /^build .*buildVersion=1\.31-dev -o \S+\/server istio\.io\/istio\/pkg\/test\/echo\/cmd\/server$/,
    ),
    expect.stringMatching(/-o \S+\/client istio\.io\/istio\/pkg\/test\/echo\/cmd\/client$/),
  ])
})

test('the program of the judge is built once', async () => {
  await emptyCache()
  const { builds } = await fakeGo()
  const program = await conformanceProgram(() => undefined)
  expect(await conformanceProgram(() => undefined)).toBe(program)
  expect(await builds()).toEqual([expect.stringMatching(/^test -C \S+ -c -vet=off .* -o \S+\/conformance \.$/)])
})

test('Istio’s tests are built once for each release, and only those that are asked for', async () => {
  await emptyCache()
  const { builds } = await fakeGo()
  const wanted = { release: '1.30-dev', packages: ['pilot'] }
  const tests = await istioTests(wanted, () => undefined)
  expect(tests.programs.get('pilot')).toMatch(/\/pilot$/)
  expect(tests.source).toMatch(/\/module$/)
  expect(await istioTests(wanted, () => undefined)).toEqual(tests)
  expect(await builds()).toEqual([
    expect.stringMatching(
      /^test -C \S+\/istio-1\.30-tests -c -vet=off .* -tags integ,.* -o \S+ istio\.io\/istio\/tests\/.*\/pilot$/,
    ),
  ])
})

test('the servers that Istio’s tests ask are images, each with its program', async () => {
  await emptyCache()
  const { builds } = await fakeGo()
  const servers = await istioTestServers({ release: '1.31-dev' }, engine, () => undefined)
  expect(servers.map(({ name }) => name)).toEqual([
    'docker.io/istio/ext-authz:1.31-dev',
    'registry.istio.io/testing/jwt-server:0.8',
  ])
  expect(new Set(servers.map(({ archive }) => archive)).size).toBe(2)
  const { stdout } = await execa('tar', ['-tf', servers[0]?.archive ?? ''])
  expect(stdout).toContain('index.json')
  expect(await builds()).toHaveLength(2)
})

test('what judges need is in no node image', async () => {
  const { images, modules, echo, conformance, istioTests: tests } = await loadRecipes()
  expect(images.map(({ name }) => name)).not.toContain(echo.image.name)
  const inImages = modules.map(({ name }) => name)
  for (const { name } of [conformance, tests.module]) expect(inImages).not.toContain(name)
})
