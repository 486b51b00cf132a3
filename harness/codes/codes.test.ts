import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { codesPage } from '../../scripts/docs/codes-page.ts'
import { type Code, codes } from './index.ts'

const root = resolve(import.meta.dirname, '../..')
const table = Object.keys(codes) as Code[]

/** Every text file in a folder of the repository, by its path from the root. */
const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|sh|ya?ml|json|md)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

const sources = ['harness', 'suites', 'fixtures', 'scripts'].flatMap(filesIn)
const documents = ['README.md', ...filesIn('docs')]
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
const codesIn = (text: string): string[] => text.match(/\bMP-\d{3}\b/g) ?? []

test('every code that is written anywhere is in the table', () => {
  const unknown = [...sources, ...documents].flatMap((file) =>
    codesIn(textOf(file))
      .filter((code) => !(code in codes))
      .map((code) => `${code} in ${file}`),
  )
  expect(unknown).toEqual([])
})

test('every code of the table is used by the program', () => {
  const program = sources.filter(
    (file) => !/^harness\/(?:codes|e2e|testing)\/|\.test\.ts$/.test(file) && !file.endsWith('.md'),
  )
  const withoutComments = (text: string): string => text.replaceAll(/^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm, '')
  const used = new Set(program.flatMap((file) => codesIn(withoutComments(textOf(file)))))
  expect(program.length).toBeGreaterThan(100)
  expect(table.filter((code) => !used.has(code))).toEqual([])
})

test('every code has a section of its own in the document, with an anchor', () => {
  const page = codesPage(() => [])
  expect(table.filter((code) => page.split(`\n<a id="${code.toLowerCase()}"></a>\n## ${code} `).length !== 2)).toEqual(
    [],
  )
})

test('a code has three digits, and its meaning is one line without a full stop', () => {
  const odd = Object.entries(codes).filter(
    ([code, { cause, shows, fix }]) =>
      !/^MP-\d{3}$/.test(code) ||
      /\n|\.$/.test(cause) ||
      [cause, shows, fix].some((text) => text.trim() !== text || !text),
  )
  expect(odd).toEqual([])
})
