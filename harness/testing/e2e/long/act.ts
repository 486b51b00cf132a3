import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { z } from 'zod'
import { engineInfo } from '#engine/docker.ts'
import { artifact, cacheFolder } from '#images/cache.ts'
import { loadRecipes } from '#images/source/recipes.ts'
import { sourceImages } from '#images/source/source.ts'

/** act runs workflows as GitHub does, in containers. It is compiled from its Go module. */
const actModule = 'github.com/nektos/act@v0.2.89'

/** What a runner has beside Debian’s smallest system. */
const packages = ['git', 'docker-cli', 'ca-certificates']

const runnerImage = 'meshproof-test-runner:1'

/** Where a job has what this machine has: Go’s modules and settings, and the cache of meshproof. */
export const inJob = { modules: '/opt/modules', goSettings: '/opt/go-settings', cache: '/opt/cache' }

/** How a workflow ended: its outputs by step, what it printed, and the folder of its artifacts. */
export type WorkflowOutcome = {
  exitCode: number | undefined
  printed: string
  steps: Record<string, { outcome: string; outputs: Record<string, string> }>
  artifacts: string
}

/** A runner of workflows. It shares a folder with the containers of its jobs, for caches and artifacts. */
export type Runner = {
  /**
   * Runs a workflow with one job, whose working directory is the project. The job finds the caches of earlier ones, and
   * nothing else of them.
   */
  run: (project: string, steps: readonly object[]) => Promise<WorkflowOutcome>
  /** Removes the image of the runner, the caches and the artifacts. */
  remove: () => Promise<void>
}

/**
 * Prepares a runner: act, and an image with bash, git and docker’s client. The job has this machine’s engine,
 * network and cache of meshproof. The actions of GitHub that the action uses are those beside this file.
 */
export const workflowRunner = async (): Promise<Runner> => {
  const programs = await artifact('test-act', actModule.replaceAll(/[^\w.-]/g, '-'), async (folder) => {
    await execa('go', ['install', actModule], { env: { GOBIN: folder } })
  })
  const { debian } = await loadRecipes()
  const system = await artifact('test-runner', `${debian}-${packages.join('-')}`, async (folder) => {
    const flags = ['--quiet', '--variant=minbase', `--include=${packages.join(',')}`]
    await execa('mmdebstrap', [...flags, debian, join(folder, 'system.tar')])
  })
  const { kubectl } = await sourceImages({}, await engineInfo(), () => undefined)
  // The runners of GitHub have Go as well. Here it is that of this machine, with the modules that it has downloaded.
  const variables = {
    PATH: '/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    GOMODCACHE: inJob.modules,
    GOENV: join(inJob.goSettings, 'env'),
    XDG_CACHE_HOME: inJob.cache,
  }
  const changes = Object.entries(variables).map(([name, value]) => `--change=ENV ${name}=${value}`)
  await execa('docker', ['import', ...changes, join(system, 'system.tar'), runnerImage])
  const store = await mkdtemp(join(tmpdir(), 'meshproof-runner-'))
  await mkdir(join(store, 'caches'))
  return {
    run: (project, steps) => runWorkflow({ act: join(programs, 'act'), store, kubectl }, project, steps),
    remove: async () => {
      await rm(store, { recursive: true })
      await execa('docker', ['rmi', runnerImage], { reject: false })
    },
  }
}

const Steps = z.record(
  z.string(),
  z.object({
    outcome: z.string(),
    outputs: z
      .record(z.string(), z.string())
      .nullish()
      .transform((found) => found ?? {}),
  }),
)

const GoSettings = z.object({ GOROOT: z.string(), GOMODCACHE: z.string(), GOENV: z.string() })

const goSettings = async (): Promise<z.infer<typeof GoSettings>> =>
  GoSettings.parse(JSON.parse((await execa('go', ['env', '-json', 'GOROOT', 'GOMODCACHE', 'GOENV'])).stdout))

type Setup = { act: string; store: string; kubectl: string }

const runWorkflow = async (
  { act, store, kubectl }: Setup,
  project: string,
  steps: readonly object[],
): Promise<WorkflowOutcome> => {
  await rm(join(store, 'artifacts'), { recursive: true, force: true })
  await mkdir(join(store, 'artifacts'))
  const last = {
    if: 'always()',
    shell: 'bash',
    run: 'printf %s "$STEPS" > /store/steps.json',
    env: { STEPS: '${{ toJSON(steps) }}' },
  }
  const workflow = join(project, '.github/workflows/mesh.yaml')
  await mkdir(dirname(workflow), { recursive: true })
  await writeFile(
    workflow,
    stringify({ on: ['push'], jobs: { mesh: { 'runs-on': 'ubuntu-latest', steps: [...steps, last] } } }),
  )
  const actions = join(import.meta.dirname, 'actions')
  const replaced = ['setup-node@v5', 'cache@v5', 'upload-artifact@v6'].map(
    (name) => `--local-repository=actions/${name}=${join(actions, name.replace(/@.*/, ''))}`,
  )
  const go = await goSettings()
  const container = [
    `--volume=${go.GOROOT}:/usr/local/go:ro`,
    `--volume=${go.GOMODCACHE}:${inJob.modules}`,
    `--volume=${dirname(go.GOENV)}:${inJob.goSettings}:ro`,
    `--volume=${dirname(dirname(process.execPath))}:/opt/node:ro`,
    `--volume=${store}:/store`,
    `--volume=${cacheFolder()}:${inJob.cache}/meshproof`,
    `--volume=${kubectl}:/usr/local/bin/kubectl:ro`,
  ]
  const flags = ['--bind', '--pull=false', '--rm', '--no-cache-server', '--network=host', '--platform']
  const { exitCode, all } = await execa(
    act,
    ['push', ...flags, `ubuntu-latest=${runnerImage}`, ...replaced, `--container-options=${container.join(' ')}`],
    { cwd: project, reject: false, all: true, stdin: 'ignore' },
  )
  const outcomes = Steps.parse(JSON.parse(await readFile(join(store, 'steps.json'), 'utf8').catch(() => '{}')))
  const printed = all.replaceAll(/^.*unable to get git .*\n/gm, '')
  return { exitCode, printed, steps: outcomes, artifacts: join(store, 'artifacts') }
}
