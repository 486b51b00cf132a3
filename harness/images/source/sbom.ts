import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Extract, extract } from 'tar-stream'
import { z } from 'zod'
import ownPackage from '../../../package.json' with { type: 'json' }
import type { RuntimePackage } from './runtime-packages.ts'

/** A package of an image. `purl` names it for scanners (github.com/package-url/purl-spec). */
export type Part = { name: string; version: string; purl: string; license?: string }

const NpmPackage = z.looseObject({ name: z.string(), version: z.string(), license: z.string().optional() })

/** The npm packages of an image. */
export const npmParts = (packages: readonly RuntimePackage[]): Promise<Part[]> =>
  Promise.all(
    packages.map(async ({ from }) => {
      const read: unknown = JSON.parse(await readFile(join(from, 'package.json'), 'utf8'))
      const { name, version, license } = NpmPackage.parse(read)
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
      return { name, version, purl, ...(license === undefined ? {} : { license }) }
    }),
  )

/** Where a root file system keeps the control file of each Debian package, as in distroless images. */
const controlFile = /^(\.\/)?var\/lib\/dpkg\/status\.d\/./

/** The Debian packages of a root file system in a tar file, which customize.sh of the recipe has written down. */
export const debianParts = async (rootFs: string): Promise<Part[]> => {
  const entries = extract()
  const [parts] = await Promise.all([partsIn(entries), pipeline(createReadStream(rootFs), entries)])
  return parts.sort((first, second) => first.name.localeCompare(second.name))
}

const partsIn = async (entries: Extract): Promise<Part[]> => {
  const parts: Part[] = []
  for await (const entry of entries) {
    if (!controlFile.test(entry.header.name)) {
      entry.resume()
      continue
    }
    const control = await text(entry)
    if (control === '') continue
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1] ?? ''
    const [name, version, arch] = [field('Package'), field('Version'), field('Architecture')]
    parts.push({ name, version, purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}` })
  }
  return parts
}

/**
 * The bill of materials of the harness’s image, in SPDX 2.3 (spdx.github.io/spdx-spec). The same parts give the same
 * text, so it does not tell when it was made.
 */
export const sbom = (parts: readonly Part[]): string => {
  const { name, version, license } = ownPackage
  const own: Part = { name, version, license, purl: `pkg:npm/${name}@${version}` }
  const packages = [own, ...parts].map((part, index) => ({
    name: part.name,
    SPDXID: `SPDXRef-${index}`,
    versionInfo: part.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: part.license ?? 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: part.purl }],
  }))
  const digest = createHash('sha256').update(JSON.stringify(packages)).digest('hex')
  return `${JSON.stringify(
    {
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: `${name}:${version}`,
      documentNamespace: `https://spdx.org/spdxdocs/${name}-${version}-${digest}`,
      creationInfo: { created: '1970-01-01T00:00:00Z', creators: [`Tool: ${name}-${version}`] },
      packages,
      relationships: packages.map(({ SPDXID }, index) => ({
        spdxElementId: index === 0 ? 'SPDXRef-DOCUMENT' : 'SPDXRef-0',
        relationshipType: index === 0 ? 'DESCRIBES' : 'CONTAINS',
        relatedSpdxElement: SPDXID,
      })),
    },
    null,
    2,
  )}\n`
}
