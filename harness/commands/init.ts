import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MeshproofError } from '#errors.ts'

/** The options of `init`. */
export type InitOptions = { workflow: boolean }

const workflowPath = '.github/workflows/meshproof.yaml'
const configPaths = ['meshproof.config.json', 'meshproof.config.js', 'meshproof.config.ts']
const schemaPath = 'node_modules/meshproof/docs/config.schema.json'

/** How a project installs its packages and runs their programs, by the lockfile that it has. npm comes last. */
const packageManagers = [
  {
    lockfile: 'pnpm-lock.yaml',
    install: 'corepack enable && pnpm install --frozen-lockfile',
    run: 'pnpm exec meshproof',
  },
  { lockfile: 'yarn.lock', install: 'corepack enable && yarn install', run: 'yarn meshproof' },
  { lockfile: 'package-lock.json', install: 'npm ci', run: 'npx meshproof' },
]

/**
 * Performs `init`: writes a config file for the project in `folder`, and with `workflow` a workflow for GitHub
 * Actions. Returns the paths of the files.
 * @throws MeshproofError MP-183 where one of the files exists; then nothing is written.
 */
export const init = async (folder: string, { workflow }: InitOptions): Promise<string[]> => {
  const has = (path: string): boolean => existsSync(join(folder, path))
  for (const path of [...configPaths, ...(workflow ? [workflowPath] : [])])
    if (has(path))
      throw new MeshproofError('MP-183', {
        what: 'The file exists already, and nothing was written',
        where: path,
        next: 'Edit it, or remove it and run the same command again.',
      })
  const files = [{ path: 'meshproof.config.json', text: configText(has(schemaPath)) }]
  if (workflow) {
    const index = packageManagers.findIndex(({ lockfile }) => has(lockfile))
    files.push({ path: workflowPath, text: await workflowText(index) })
  }
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { flag: 'wx' })
  }
  return files.map(({ path }) => path)
}

/** A config file to begin with. An editor finds the schema in the installed package. */
const configText = (hasSchema: boolean): string => {
  const flags = { topology: ['gateway'], images: 'auto', timeout: 180 }
  return `${JSON.stringify(hasSchema ? { $schema: `./${schemaPath}`, ...flags } : flags, null, 2)}\n`
}

const workflowText = async (index: number): Promise<string> => {
  const words: Record<string, string> = { ...packageManagers.at(index) }
  const text = await readFile(join(import.meta.dirname, '../../fixtures/project/workflow.yaml'), 'utf8')
  return text.replaceAll(/\$\{(lockfile|install|run)\}/g, (_, name: string) => words[name] ?? '')
}
