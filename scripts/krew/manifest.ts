import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

const template = join(import.meta.dirname, '../../fixtures/krew/meshproof.yaml')

/** A platform in the manifest: its archive, and the program in it. */
const Platform = z.strictObject({
  selector: z.strictObject({
    matchLabels: z.strictObject({ os: z.enum(['linux', 'darwin']), arch: z.enum(['amd64', 'arm64']) }),
  }),
  uri: z.url({ protocol: /^https$/ }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bin: z.string(),
})

/** The parts that krew requires of a manifest, and those that ours has (krew's internal/index/validation). */
export const KrewManifest = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/) }),
  spec: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+(-[\w.]+)?$/),
    shortDescription: z.string().regex(/^[^\r\n]{1,50}$/),
    description: z.string(),
    caveats: z.string(),
    platforms: z.array(Platform).nonempty(),
  }),
})

/** A platform in the manifest. */
export type KrewPlatform = z.infer<typeof Platform>

/** The manifest of a version, as YAML. @throws ZodError when krew would refuse it. */
export const krewManifest = async (version: string, platforms: KrewPlatform[]): Promise<string> => {
  const given = z
    .object({ spec: z.looseObject({}) })
    .loose()
    .parse(parse(await readFile(template, 'utf8')))
  const manifest = KrewManifest.parse({ ...given, spec: { ...given.spec, version: `v${version}`, platforms } })
  return stringify(manifest, { lineWidth: 0 })
}
