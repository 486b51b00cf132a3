import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manifestsOf, type Manifest } from '#kube/client.ts'

/** A manifest of fixtures/, its `${…}` filled in. */
export const fixture = async (path: string, values: Record<string, string> = {}): Promise<Manifest[]> => {
  const text = await readFile(join(import.meta.dirname, '../../fixtures', path), 'utf8')
  return manifestsOf(
    text.replaceAll(/\$\{([a-zA-Z]+)\}/g, (_, name: string) => {
      const value = values[name]
      if (value === undefined) throw new Error(`fixtures/${path} needs a value for ${name}`)
      return value
    }),
  )
}
