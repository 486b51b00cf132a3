import { copyFile, mkdir, utimes, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'

const scripts = join(import.meta.dirname, '../../scripts')

/** A package as npm installs it, in a project of its own. Its program prints its arguments. */
const installedIn = async (project: string): Promise<string> => {
  const folder = join(project, 'node_modules/meshproof')
  await mkdir(join(folder, 'scripts'), { recursive: true })
  await mkdir(join(folder, 'dist/harness/cli'), { recursive: true })
  for (const name of ['meshproof.mjs', 'with-node.mjs'])
    await copyFile(join(scripts, name), join(folder, 'scripts', name))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(folder, 'dist/harness/cli/main.js'),
    'console.log(process.argv.slice(2).join(" "), process.cwd()); process.exitCode = 1',
  )
  return join(folder, 'scripts/meshproof.mjs')
}

/** Starts a package under a Node that says it has these versions. */
const start = async (versions: Record<string, string>, prepare?: (project: string) => Promise<void>) => {
  const project = await scratchFolder()
  const program = await installedIn(project)
  await prepare?.(project)
  const value = `{ ...process.versions, ...${JSON.stringify(versions)} }`
  const pretend = `Object.defineProperty(process, 'versions', { value: ${value} })`
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(pretend)}`, program, 'list', '--output=json'],
    { cwd: project, reject: false },
  )
  return { project, exitCode, stdout, stderr }
}

test('an installed package needs no lockfile, and works in the folder of the project', async () => {
  const { project, ...outcome } = await start({})
  expect(outcome).toEqual({ exitCode: 1, stdout: `list --output=json ${project}`, stderr: '' })
})

test.each(['12.22.12', '20.20.2', '22.21.1'])('Node %s is too old, and says so in one line', async (node) => {
  const { exitCode, stdout, stderr } = await start({ node })
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr.split('\n')).toEqual([
    `MP-003  Node ${node} is too old: meshproof needs Node 22.22 or newer.`,
    expect.stringContaining('npm install --save-dev node@24'),
  ])
})

test.each([
  ['24.21.0', 1],
  ['20.1.0', 2],
])('under an old Node, Node %s of the project is taken where it is new enough', async (version, exitCode) => {
  const outcome = await start({ node: '20.20.2' }, async (project) => {
    await mkdir(join(project, 'node_modules/node/bin'), { recursive: true })
    await writeFile(join(project, 'node_modules/node/package.json'), JSON.stringify({ version }))
    const program = join(project, 'node_modules/node/bin/node')
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
  })
  expect(outcome.exitCode).toBe(exitCode)
})

test('a Node of the project whose install script did not run is said to be missing, with how to allow it', async () => {
  const { exitCode, stderr } = await start({ node: '20.20.2' }, async (project) => {
    await mkdir(join(project, 'node_modules/node'), { recursive: true })
    await writeFile(join(project, 'node_modules/node/package.json'), JSON.stringify({ version: '24.21.0' }))
  })
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^MP-003 .*\n {2}next: .*install script did not run.*allowBuilds/)
})

test('Yarn Plug’n’Play is refused', async () => {
  const { exitCode, stderr } = await start({ pnp: '3' })
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^MP-004 .*\n  next: .*nodeLinker: node-modules/)
})

describe('in a checkout', () => {
  /** Starts a checkout whose npm can only say that it was asked. `record` is when its user ran npm ci, in seconds. */
  const checkout = async ({ record, node = true }: { record?: number; node?: boolean }): Promise<string> => {
    const root = await scratchFolder()
    for (const folder of ['scripts', 'node_modules/node/bin', 'programs'])
      await mkdir(join(root, folder), { recursive: true })
    await copyFile(join(scripts, 'with-node.mjs'), join(root, 'scripts/with-node.mjs'))
    await writeFile(join(root, 'main.mjs'), "console.log('started')")
    await writeFile(join(root, 'package-lock.json'), '{}')
    await utimes(join(root, 'package-lock.json'), 1000, 1000)
    if (node) await writeFile(join(root, 'node_modules/node/bin/node'), '')
    if (record !== undefined) {
      await writeFile(join(root, 'node_modules/.package-lock.json'), '{}')
      await utimes(join(root, 'node_modules/.package-lock.json'), record, record)
    }
    await writeFile(join(root, 'programs/npm'), '#!/bin/sh\necho npm was asked >&2; exit 1\n', { mode: 0o755 })
    const { stdout, stderr } = await execa(process.execPath, ['scripts/with-node.mjs', 'main.mjs'], {
      cwd: root,
      reject: false,
      env: { PATH: join(root, 'programs') + delimiter + (process.env['PATH'] ?? '') },
    })
    return `${stdout}${stderr}`
  }

  test('what npm ci has installed is not installed again', async () => {
    expect(await checkout({ record: 2000 })).toBe('started')
  })

  test.each([
    ['nothing is installed', { node: false }],
    ['the lockfile changed since', { record: 999 }],
    ['npm left out the Node of the lockfile', { record: 2000, node: false }],
  ])('where %s, the launcher installs', async (_, state) => {
    expect(await checkout(state)).toContain('MP-001  The dependencies could not be installed: npm was asked')
  })
})
