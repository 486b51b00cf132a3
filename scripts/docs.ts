// Writes the documents that are generated: docs/checks.md from the catalogue, docs/codes.md from the table of codes,
// docs/flags.md from the command line, docs/*.schema.json from the schemas. With --check it writes nothing and fails
// when one is out of date.
import { whyOnDemand } from '#checks/check.ts'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { commandLineProgram } from '#cli/arguments.ts'
import { configSchema } from '#cli/config/schema.ts'
import type { Code } from '#codes/index.ts'
import { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { ConformanceReport } from '#report/conformance.ts'
import { History } from '#results/history.ts'
import { knownDefects } from '#results/known-issues.ts'
import { layers, Results } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { faults, gatewayApiFaults } from '../fixtures/faults/index.ts'
import { upgradeFaults } from '../fixtures/upgrade-faults/index.ts'
import { codesPage } from './docs/codes-page.ts'
import { flagsPage } from './docs/flags-page.ts'

const checks = catalogue
const page = [
  '# Checks',
  '',
  'Generated from the suites by `npm run docs`; ids are stable.',
  '',
  ...layers.flatMap((layer) => [
    `## ${layer}`,
    '',
    '| id | proves that | source |',
    '|---|---|---|',
    ...checks
      .filter((check) => check.layer === layer)
      .map(
        ({ id, title, source, ...head }) =>
          `| \`${id}\` | ${title}${whyOnDemand(head) ? ' (on demand: `--suite` must name it)' : ''} | ${source} |`,
      ),
    '',
  ]),
  '## Known issues',
  '',
  'Defects of releases that a check meets: see [Known issues](running.md#known-issues).',
  '',
  '| issue | releases | met by | what is wrong |',
  '|---|---|---|---|',
  ...knownDefects.map(
    ({ issue, url, releases, checks: ids, title }) =>
      `| [${issue}](${url}) | ${releases.join(', ')} | ${ids.map((id) => `\`${id}\``).join(', ')} | ${title} |`,
  ),
  '',
].join('\n')
const schema = (of: z.ZodType): string => `${JSON.stringify(z.toJSONSchema(of), null, 2)}\n`
const codes = codesPage((code) => [
  ...[...faults, ...gatewayApiFaults]
    .filter(({ diagnosed, turnsRed }) => diagnosed === code || Object.values<Code>(turnsRed).includes(code))
    .map(({ name }) => name),
  ...upgradeFaults.filter(({ names }) => names === code).map(({ name }) => name),
])
const documents = {
  'checks.md': page,
  'codes.md': codes,
  'flags.md': flagsPage(commandLineProgram()),
  'results.schema.json': schema(Results),
  'diagnosis.schema.json': schema(MeshDiagnosis),
  'history.schema.json': schema(History),
  'config.schema.json': schema(configSchema(commandLineProgram())),
  'conformance.schema.json': schema(ConformanceReport),
}

for (const [name, content] of Object.entries(documents)) {
  const path = join(import.meta.dirname, '../docs', name)
  if (!process.argv.includes('--check')) await writeFile(path, content)
  else if ((await readFile(path, 'utf8').catch(() => '')) !== content) {
    console.error(`docs/${name} is out of date: npm run docs`)
    process.exitCode = 1
  }
}
