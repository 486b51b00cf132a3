import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '#engine/docker.ts'
import { cacheFolder } from '#images/cache.ts'
import { digestsLabel } from '#images/release/digests-label.ts'
import { Results } from '#results/results.ts'
import { installedProject, type InstalledProject } from '#testing/e2e/installed-project.ts'
import { contextsOf, labFrom } from '#testing/e2e/labs.ts'
import { meshproof } from '#testing/e2e/product.ts'
import { startStage } from '../../../../scripts/rehearsal/stage.ts'
import { inJob, type Runner, workflowRunner, type WorkflowOutcome } from './act.ts'
import { krewPlugin } from './krew-plugin.ts'

let project: InstalledProject
let runner: Runner
beforeAll(async () => {
  project = await installedProject()
  // A checkout, as a workflow has it.
  await execa('git', ['init', '--quiet'], { cwd: project.folder })
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid']
  await execa('git', [...author, 'commit', '--quiet', '--allow-empty', '--message=first'], { cwd: project.folder })
  runner = await workflowRunner()
}, 15 * 60_000)
afterAll(async () => {
  await runner.remove()
  await project.remove()
})

const step = (id: string, inputs: Record<string, string>, more: object = {}): object => ({
  uses: './node_modules/meshproof',
  id,
  with: inputs,
  ...more,
})

describe('a job with the action', () => {
  test('runs commands that need no lab, and gives them no verdict', async () => {
    const { exitCode, printed, steps } = await runner.run(project.folder, [
      step('list', { command: 'list' }),
      step('doctor', { command: 'doctor' }),
      step('plan', { command: 'test --plan', topology: 'gateway' }),
    ])
    expect(exitCode, printed).toBe(0)
    expect(printed).toContain('reach.both-versions')
    expect(printed).toContain('This machine can run meshproof.')
    expect(printed).toContain('cluster1: control plane')
    const none = { verdict: 'not-run', report: '', 'first-broken-layer': '' }
    expect(steps).toMatchObject({ list: { outputs: none }, doctor: { outputs: none }, plan: { outputs: none } })
    expect(printed).not.toContain('Run Main actions/cache')
  })

  test('keeps its folder of programs, also where a command fails, and begins the next question with it', async () => {
    const elsewhere = { env: { XDG_CACHE_HOME: '/tmp/cache' }, 'continue-on-error': true }
    const folder = '/tmp/cache/meshproof/artifacts'
    const { exitCode, printed, steps } = await runner.run(project.folder, [
      { shell: 'bash', run: `mkdir -p ${folder}; echo made > ${folder}/program` },
      step('first', { topology: 'none' }, elsewhere),
      { shell: 'bash', run: `rm -r ${folder}` },
      step('second', { topology: 'nothing' }, elsewhere),
      { shell: 'bash', run: `grep made ${folder}/program` },
      step('third', { topology: 'nothing' }, elsewhere),
    ])
    expect(exitCode, printed).toBe(0)
    expect(printed.match(/restored meshproof-linux-/g)).toHaveLength(2)
    // The second and the third have added nothing to what they found.
    expect(printed.match(/Run Main actions\/cache\/save/g)).toHaveLength(1)
    for (const name of ['first', 'second', 'third'])
      expect(steps[name]).toMatchObject({ outcome: 'failure', outputs: { verdict: 'not-run' } })
  })

  test(
    'keeps programs and images: a later job, with another engine and without the publishers, pulls nothing',
    async () => {
      const job = async (): Promise<WorkflowOutcome> => {
        const inputs = { topology: 'gateway', suite: 'net.gateway-open', images: 'release' }
        const flags = '--pins=pins.yaml --verbose'
        const env = { XDG_CACHE_HOME: '/tmp/cache' }
        return runner.run(project.folder, [step('test', { ...inputs, flags }, { env })])
      }
      // Only node images of published images have this label. Another test may have left that of the same publisher.
      const nodeImages = async (): Promise<string[]> =>
        (await docker(['images', '--filter', `label=${digestsLabel}`, '--format', '{{.Repository}}:{{.Tag}}']))
          .split('\n')
          .filter((name) => name.startsWith('meshproof/node:'))
      const removeNodeImages = async (): Promise<void> => {
        for (const name of await nodeImages()) await docker(['rmi', name])
      }
      const stage = await startStage(console.log, () => undefined)
      try {
        await copyFile(stage.pins, join(project.folder, 'pins.yaml'))
        await removeNodeImages()
        const first = await job()
        expect(first.exitCode, first.printed).toBe(0)
        expect(first.printed).toMatch(/\$ docker pull .*istio\/pilot/)
        expect(first.printed).toContain('Run Main actions/cache/save')
      } finally {
        await stage.stop()
        await removeNodeImages()
      }
      const second = await job()
      expect(second.exitCode, second.printed).toBe(0)
      expect(second.steps['test']?.outputs).toMatchObject({ verdict: 'pass' })
      expect(second.printed).toMatch(/\$ docker load .*node-archive/)
      expect(second.printed).not.toMatch(/\$ docker pull|Run Main actions\/cache\/save/)
      await removeNodeImages()
    },
    25 * 60_000,
  )

  test(
    'tests a lab, and diagnoses it healthy and broken, with outputs, annotations and reports; so does kubectl',
    async () => {
      const tested = await runner.run(project.folder, [
        step('test', { topology: 'gateway', suite: 'net.gateway-open,reach.local', flags: '--keep', cache: 'false' }),
      ])
      const id = /down --run=([\w-]+)/.exec(tested.printed)?.[1] ?? ''
      try {
        expect(tested.exitCode, tested.printed).toBe(0)
        expect(tested.steps['test']?.outputs).toEqual({
          verdict: 'pass',
          report: expect.stringMatching(/^reports\//),
          'first-broken-layer': '',
        })
        const results = Results.parse(
          JSON.parse(await readFile(join(tested.artifacts, 'meshproof/results.json'), 'utf8')),
        )
        expect(results.topologies.map(({ verdict }) => verdict)).toEqual(['pass'])

        const lab = await labFrom('gateway', id)
        const [contexts = '', kubeconfig = ''] = contextsOf(lab)
        const kubeconfigs = kubeconfig
          .replace('--kubeconfig=', '')
          .replaceAll(/[^:]+\/meshproof\//g, `${inJob.cache}/meshproof/`)
        const diagnosed = { command: 'diagnose', contexts: contexts.replace('--contexts=', '') }
        const env = { KUBECONFIG: kubeconfigs }
        // The lab was made in the job, whose cache is this machine’s under another name.
        const kubectl = lab.images.kubectl.replace(`${inJob.cache}/meshproof`, cacheFolder())
        const cluster2 = lab.clusters[1]?.kubeconfig ?? ''
        const scale = (replicas: number): Promise<unknown> =>
          execa(kubectl, [
            `--kubeconfig=${cluster2}`,
            '--namespace=istio-system',
            'scale',
            'deployment/istio-eastwestgateway',
            `--replicas=${replicas}`,
          ])

        const healthy = await runner.run(project.folder, [step('healthy', diagnosed, { env })])
        expect(healthy.exitCode, healthy.printed).toBe(0)
        expect(healthy.steps['healthy']?.outputs).toMatchObject({ verdict: 'pass', 'first-broken-layer': '' })

        await scale(0)
        const broken = await runner.run(project.folder, [step('broken', diagnosed, { env })])
        expect(broken.exitCode).toBe(1)
        expect(broken.steps['broken']).toMatchObject({
          outcome: 'failure',
          outputs: { verdict: 'fail', 'first-broken-layer': 'gateways', report: expect.stringMatching(/^reports\//) },
        })
        expect(broken.printed).toMatch(/::error .*MP-887/)
        const document = await readFile(join(broken.artifacts, 'meshproof/diagnosis.json'), 'utf8')
        expect(JSON.parse(document)).toMatchObject({ exitCode: 1, cause: { code: 'MP-887', layer: 'gateways' } })

        // What krew installs, on the same mesh.
        await using plugin = await krewPlugin()
        const byKubectl = await plugin.run(kubectl, ['diagnose', contexts, kubeconfig])
        expect(byKubectl).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('MP-887') })
      } finally {
        if (id !== '') await meshproof(['down', `--run=${id}`])
      }
    },
    15 * 60_000,
  )
})
