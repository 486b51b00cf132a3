// Writes the documents that are generated: docs/checks.md from the catalogue, docs/results.schema.json from the schema. With
// --check it writes nothing and fails when one is out of date.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { catalogue } from '../harness/checks/catalogue.ts'
import { layers, Results } from '../harness/report/results.ts'

const checks = await catalogue()
const page = [
  '# Checks', '', 'Generated from the suites by `npm run docs`; ids are stable.', '',
  ...layers.flatMap((layer) => [
    `## ${layer}`, '', '| id | proves that | source |', '|---|---|---|',
    ...checks.filter((check) => check.layer === layer).map(({ id, title, source }) => `| \`${id}\` | ${title} | ${source} |`), '',
  ]),
].join('\n')
const documents = { 'checks.md': page, 'results.schema.json': `${JSON.stringify(z.toJSONSchema(Results), null, 2)}\n` }

for (const [name, content] of Object.entries(documents)) {
  const path = join(import.meta.dirname, '../docs', name)
  if (!process.argv.includes('--check')) await writeFile(path, content)
  else if (await readFile(path, 'utf8').catch(() => '') !== content) {
    console.error(`docs/${name} is out of date: npm run docs`)
    process.exitCode = 1
  }
}
