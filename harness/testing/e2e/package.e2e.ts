import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheFolder } from '#images/cache.ts'
import { runAction } from '#testing/composite-action.ts'
import { installedProject, withThisNode as environment } from './installed-project.ts'

const root = resolve(import.meta.dirname, '../../..')

let project: string
let archive: string
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ folder: project, archive, remove } = await installedProject())
})
afterAll(() => remove())

const meshproof = async (...args: string[]): Promise<{ exitCode: number | undefined; output: string }> => {
  const { exitCode, all } = await execa('meshproof', args, {
    cwd: project,
    env: environment,
    preferLocal: true,
    localDir: project,
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  return { exitCode, output: all }
}

describe('the packed file', () => {
  test('has at most 3 MB, and what a run reads', async () => {
    expect((await stat(join(project, archive))).size).toBeLessThanOrEqual(3e6)
    const { stdout } = await execa('tar', ['--list', '--file', join(project, archive)])
    const paths = stdout.split('\n').map((path) => path.replace('package/', ''))
    expect(paths).toEqual(
      expect.arrayContaining([
        'README.md',
        'LICENSE',
        'action.yml',
        'scripts/action.mjs',
        'docs/results.schema.json',
        'docs/config.schema.json',
        'dist/suites/reach.suite.js',
        'dist/harness/api.d.ts',
        'dist/harness/report/html/page.css',
        'dist/fixtures/images/recipes.yaml',
        'dist/fixtures/images/istio/go.sum',
        'dist/fixtures/chart/Chart.yaml',
        'dist/fixtures/chart/templates/_pod.tpl',
        'dist/fixtures/manifests/cells-job.yaml',
        'dist/fixtures/topologies/examples/three-clusters.yaml',
      ]),
    )
    expect(paths.filter((path) => /\.test\.|testing\/|[^d]\.ts$|node_modules|^reports/.test(path))).toEqual([])
  })

  test('has the recipes of the checkout, so that images built by either are the same', async () => {
    const recipes = async (folder: string): Promise<string[]> =>
      (await readdir(folder, { recursive: true })).toSorted((a, b) => a.localeCompare(b))
    const [installed, own] = ['node_modules/meshproof/dist', root].map((folder) =>
      join(resolve(project, folder), 'fixtures/images'),
    )
    expect(await recipes(installed ?? '')).toEqual(await recipes(own ?? ''))
  })

  test('has no script that npm runs at an installation', async () => {
    const text = await readFile(join(project, 'node_modules/meshproof/package.json'), 'utf8')
    expect(text).not.toMatch(/"(pre|post)?install"|"prepare"/)
    expect(JSON.parse(text)).toMatchObject({ engines: { node: expect.stringContaining('22.22') } })
  })
})

describe('in a project that has installed it', () => {
  test('list, --plan and doctor work', async () => {
    const [list, plan, doctor] = await Promise.all([
      execa('npx', ['--no-install', 'meshproof', 'list'], { cwd: project, env: environment }),
      meshproof('test', '--plan', '--topology=gateway'),
      meshproof('doctor'),
    ])
    expect(list).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('reach.both-versions') })
    expect(plan).toMatchObject({ exitCode: 0, output: expect.stringContaining('cluster1: control plane') })
    expect(doctor).toMatchObject({ exitCode: 0, output: expect.stringContaining('This machine can run meshproof.') })
    expect(await readdir(project)).not.toContain('reports')
  })

  test('kubectl finds it as a plugin', async () => {
    const artifacts = join(cacheFolder(), 'artifacts')
    const cached = (await readdir(artifacts)).filter((name) => name.startsWith('kubectl-'))
    expect(cached).not.toEqual([])
    const folders = [join(project, 'node_modules/.bin'), ...cached.map((name) => join(artifacts, name))]
    const { stdout } = await execa(join(folders[1] ?? '', 'kubectl'), ['meshproof', 'list'], {
      cwd: project,
      env: { PATH: [...folders, environment.PATH].join(delimiter) },
    })
    expect(stdout).toContain('reach.both-versions')
  })

  test('it is a GitHub Action of the project', async () => {
    const inputs = { command: 'test --plan', topology: 'gateway' }
    const action = join(project, 'node_modules/meshproof')
    expect(await runAction(action, inputs, { workspace: project })).toMatchObject({
      failed: false,
      printed: expect.stringContaining('cluster1: control plane'),
    })
  })

  test('a config file in TypeScript is read', async () => {
    const config = join(project, 'meshproof.config.ts')
    await writeFile(
      config,
      "import type { Config } from 'meshproof'\nexport default { topology: 'vpn', mtls: 'off' } satisfies Config\n",
    )
    try {
      expect(await meshproof('test', '--plan')).toMatchObject({
        exitCode: 0,
        output: expect.stringMatching(/^vpn with mutual TLS off/),
      })
      await writeFile(config, "export default { topolgy: 'vpn' }\n")
      expect(await meshproof('list')).toMatchObject({
        exitCode: 2,
        output: expect.stringMatching(/^MP-181 .*meshproof\.config\.ts.*did you mean “topology”/),
      })
    } finally {
      await rm(config)
    }
  })

  test('its interface can be imported, with types', async () => {
    await writeFile(
      join(project, 'program.ts'),
      [
        "import { diagnose, MeshproofError, run, type Config, type Results } from 'meshproof'",
        "export const config: Config = { topology: ['gateway'], 'report-dir': 'out', diagnose: { contexts: 'a,b' } }",
        "export const results = async (): Promise<Results> => (await run({ topology: 'gateway' })).results",
        'const error: unknown = await diagnose({ contexts: "east,west", kubeconfig: "none" }).catch((e: unknown) => e)',
        'console.log(error instanceof MeshproofError ? error.code : error)',
        '',
      ].join('\n'),
    )
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    await execa(process.execPath, [compiler, ...flags, ...types, 'program.ts'], { cwd: project })
    const { stdout } = await execa(process.execPath, ['program.ts'], { cwd: project })
    expect(stdout).toMatch(/^MP-1\d\d$/)
  })
})
