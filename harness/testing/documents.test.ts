import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The text of a document without its blocks of code, in which nothing is a heading or a link. */
const proseOf = async (path: string): Promise<string> => (await readFile(path, 'utf8')).replaceAll(/^```.*?^```/gms, '')

/** The anchors of a text: those of its headings, as GitHub makes them, and those that it writes itself. */
const anchorsIn = (prose: string): Set<string> => {
  const anchors = new Set([...prose.matchAll(/<a (?:id|name)="([^"]+)">/g)].map(([, name = '']) => name))
  for (const [, heading = ''] of prose.matchAll(/^#+ (.*)$/gm)) {
    const words = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    let anchor = words
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${words}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

test('every relative link of the documents leads to a file, and to a place in it where it names one', async () => {
  const names = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'))
  const broken: string[] = []
  let links = 0
  for (const path of [join(root, 'README.md'), ...names.map((name) => join(root, 'docs', name))]) {
    const prose = await proseOf(path)
    for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      links += 1
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : resolve(dirname(path), file)
      if (!existsSync(target) || (anchor !== undefined && !anchorsIn(await proseOf(target)).has(anchor)))
        broken.push(`${relative(root, path)}: ${link}`)
    }
  }
  expect(broken).toEqual([])
  expect(links).toBeGreaterThan(100)
})
