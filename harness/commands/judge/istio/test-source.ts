import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The manifest that is changed, in the source of Istio. It always pulls its image, whatever the tests are told. */
const manifest = ['samples', 'extauthz', 'ext-authz.yaml']

/**
 * Makes a folder that looks like the source of Istio, in which one manifest also takes an image that the node has.
 * Everything else in it is a link to the source. Returns its path.
 */
export const sourceForTests = async (source: string, folder: string): Promise<string> => {
  const root = join(folder, 'source')
  let [from, to] = [source, root]
  for (const name of manifest) {
    await mkdir(to, { recursive: true })
    for (const entry of await readdir(from)) if (entry !== name) await symlink(join(from, entry), join(to, entry))
    from = join(from, name)
    to = join(to, name)
  }
  const text = await readFile(from, 'utf8')
  await writeFile(to, text.replaceAll('imagePullPolicy: Always', 'imagePullPolicy: IfNotPresent'))
  return root
}
