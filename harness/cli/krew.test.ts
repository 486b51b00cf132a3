import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { KrewManifest, krewManifest } from '../../scripts/krew/manifest.ts'

const platform = {
  selector: { matchLabels: { os: 'linux' as const, arch: 'amd64' as const } },
  uri: 'https://downloads.example/meshproof-1.2.3-linux-amd64.tar.gz',
  sha256: 'a'.repeat(64),
  bin: 'scripts/meshproof.mjs',
}

test('the manifest for krew has the version and the archives, and says that Node is needed', async () => {
  const { metadata, spec } = KrewManifest.parse(parse(await krewManifest('1.2.3', [platform])))
  expect(metadata.name).toBe('meshproof')
  expect(spec).toMatchObject({ version: 'v1.2.3', platforms: [platform] })
  expect(spec.caveats).toContain('Node 22.22 or newer must be on PATH')
})

test.each([
  ['no archive', []],
  ['a checksum that is none', [{ ...platform, sha256: '' }]],
  ['an address without TLS', [{ ...platform, uri: 'http://downloads.example/x.tar.gz' }]],
])('a manifest with %s is refused', async (_, platforms) => {
  await expect(krewManifest('1.2.3', platforms)).rejects.toThrow('"path"')
})
