import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { readArguments } from '#cli/arguments.ts'
import { loadConfig } from '#cli/config/load.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { init } from './init.ts'

const Workflow = z.object({
  jobs: z.object({ meshproof: z.object({ steps: z.array(z.object({ run: z.string().optional() })) }) }),
})

test('writes a config file that every command reads', async () => {
  const folder = await scratchFolder()
  expect(await init(folder, { workflow: false })).toEqual(['meshproof.config.json'])
  expect(await readdir(folder)).toEqual(['meshproof.config.json'])
  const config = await loadConfig(folder)
  expect(readArguments(['test'], {}, config)).toMatchObject({ options: { topology: ['gateway'] } })
  expect(readArguments(['doctor'], {}, config)).toMatchObject({ command: 'doctor' })
})

test('names the schema of the installed package', async () => {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'node_modules/meshproof/docs'), { recursive: true })
  await writeFile(join(folder, 'node_modules/meshproof/docs/config.schema.json'), '{}')
  await init(folder, { workflow: false })
  expect(await loadConfig(folder)).toMatchObject({
    content: { $schema: './node_modules/meshproof/docs/config.schema.json' },
  })
})

test.each([
  ['package-lock.json', 'npm ci', 'npx meshproof'],
  ['pnpm-lock.yaml', 'corepack enable && pnpm install --frozen-lockfile', 'pnpm exec meshproof'],
  ['yarn.lock', 'corepack enable && yarn install', 'yarn meshproof'],
  ['no lockfile', 'npm ci', 'npx meshproof'],
])('writes a workflow for the package manager of %s', async (lockfile, install, run) => {
  const folder = await scratchFolder()
  await writeFile(join(folder, lockfile), '')
  expect(await init(folder, { workflow: true })).toContain('.github/workflows/meshproof.yaml')
  const text = await readFile(join(folder, '.github/workflows/meshproof.yaml'), 'utf8')
  const commands = Workflow.parse(parse(text)).jobs.meshproof.steps.flatMap((step) => step.run ?? [])
  expect(commands).toEqual([install, `${run} test --report-dir=reports/meshproof`])
  expect(text).not.toMatch(/\$\{[a-z]/)
})

test('overwrites nothing', async () => {
  const folder = await scratchFolder()
  await writeFile(join(folder, 'meshproof.config.ts'), 'mine')
  expect(await errorOf(init(folder, { workflow: true }))).toMatchObject({ code: 'MP-183' })
  expect(await readdir(folder)).toEqual(['meshproof.config.ts'])
})
