import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** The anchors of a document as GitHub makes them of its headings, and those that it names itself. */
const anchorsIn = (text: string): string[] => [
  ...[...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  ),
  ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
]

/** The links of a document that lead nowhere. Links to other hosts are not followed. */
const brokenLinksIn = async (path: string): Promise<string[]> => {
  const text = await readFile(join(root, path), 'utf8')
  const withoutCode = text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
  const links = [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) =>
    /^[a-z]+:/.test(link) ? [] : [link],
  )
  const broken = await Promise.all(
    links.map(async (link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? join(root, path) : join(root, dirname(path), file)
      if (!existsSync(target)) return [link]
      if (anchor === undefined) return []
      return anchorsIn(await readFile(target, 'utf8')).includes(anchor) ? [] : [link]
    }),
  )
  return broken.flat().map((link) => `${path}: ${link}`)
}

test('every link between documents leads to a file, and to a heading of it', async () => {
  const inDocs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'))
  const documents = ['README.md', ...inDocs.map((name) => join('docs', name))]
  expect((await Promise.all(documents.map(brokenLinksIn))).flat()).toEqual([])
})
