import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { runtimePackages } from './runtime-packages.ts'
import { debianParts, npmParts, sbom } from './sbom.ts'

const root = join(import.meta.dirname, '../../..')

test('the npm packages are those that the image holds, with their versions and licenses', async () => {
  const packages = await runtimePackages(root)
  const parts = await npmParts(packages)
  expect(parts).toHaveLength(packages.length)
  expect(parts).toContainEqual(expect.objectContaining({ name: 'commander', license: 'MIT' }))
  expect(parts.map(({ purl }) => purl)).toContainEqual(expect.stringMatching(/^pkg:npm\/%40kubernetes\/client-node@\d/))
})

test('the Debian packages are those whose control files the root file system holds', async () => {
  const tar = pack()
  tar.entry({ name: './var/lib/dpkg/status.d/', type: 'directory' })
  tar.entry({ name: './usr/bin/dash' }, 'Package: no')
  tar.entry(
    { name: './var/lib/dpkg/status.d/zlib1g' },
    'Package: zlib1g\nArchitecture: arm64\nVersion: 1:1.3.dfsg+really1.3.1-1\n',
  )
  tar.entry({ name: './var/lib/dpkg/status.d/dash' }, 'Package: dash\nArchitecture: arm64\nVersion: 0.5.12-12\n')
  tar.finalize()
  const file = join(await scratchFolder(), 'base.tar')
  await pipeline(tar, createWriteStream(file))
  expect(await debianParts(file)).toEqual([
    { name: 'dash', version: '0.5.12-12', purl: 'pkg:deb/debian/dash@0.5.12-12?arch=arm64' },
    {
      name: 'zlib1g',
      version: '1:1.3.dfsg+really1.3.1-1',
      purl: 'pkg:deb/debian/zlib1g@1%3A1.3.dfsg%2Breally1.3.1-1?arch=arm64',
    },
  ])
})

test('the document describes meshproof, which contains the parts; the same parts give the same text', () => {
  const parts = [{ name: 'dash', version: '1', purl: 'pkg:deb/debian/dash@1?arch=amd64' }]
  expect(sbom(parts)).toBe(sbom(parts))
  expect(JSON.parse(sbom(parts))).toMatchObject({
    spdxVersion: 'SPDX-2.3',
    packages: [
      { name: 'meshproof', licenseDeclared: 'Apache-2.0' },
      { name: 'dash', licenseDeclared: 'NOASSERTION' },
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-0' },
      { spdxElementId: 'SPDXRef-0', relationshipType: 'CONTAINS', relatedSpdxElement: 'SPDXRef-1' },
    ],
  })
})
