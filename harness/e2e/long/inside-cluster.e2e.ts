import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blockOf, insideLab, manifest, type InsideLab } from '#e2e/inside-lab.ts'
import { meshproof, type Outcome } from '#e2e/product.ts'
import { rightsOf, type Right } from '#e2e/rights.ts'

const root = resolve(import.meta.dirname, '../../..')

describe('inside a cluster', () => {
  let lab: InsideLab
  beforeAll(async () => {
    lab = await insideLab()
  }, 10 * 60_000)
  afterAll(() => lab.down(), 2 * 60_000)

  const contextsOf = (account: string): Promise<string[]> =>
    lab.as(account).then((kubeconfig) => ['--contexts=cluster1,cluster2', `--kubeconfig=${kubeconfig}`])

  /** Runs something while the account lacks a right in both clusters. */
  const lacking = async ({ role, without }: Right, during: () => Promise<Outcome>): Promise<Outcome> => {
    for (const context of lab.contexts) await lab.applied(context, stringify(without))
    try {
      return await during()
    } finally {
      for (const context of lab.contexts) await lab.applied(context, stringify(role))
    }
  }

  // The client opens web sockets by GET, which Kubernetes takes for a creation from 1.35 on; address ranges matter on
  // one network, ConfigMaps of results to pods, and what hides endpoints from a client where one lacks some.
  const elsewhere =
    /^create pods\/(exec|portforward)|servicecidrs|configmaps in meshproof|list (sidecars|peerauthentications)$/

  test('the account of the suites can change nothing outside of its namespaces', async () => {
    const refused = lab.inside(
      '--as=system:serviceaccount:meshproof:meshproof',
      '--namespace=default',
      'create',
      'deployment',
      'stranger',
      '--image=none',
    )
    await expect(refused).rejects.toThrow('meshproof may change nothing outside of meshproof-app1 and meshproof-legacy')
    await expect(
      lab.inside('--as=system:serviceaccount:meshproof:meshproof', 'create', 'namespace', 'stranger'),
    ).rejects.toThrow('meshproof may change nothing')
  })

  test(
    'three pods share the suites, one is killed midway, and their results make one page',
    async () => {
      const flags = [
        '--contexts=in-cluster,cluster2',
        '--results=configmap:meshproof',
        '--suite=net.*,trust.*,control.*,discovery.*',
        '--suite=reach.*,route.*',
        '--suite=mtls.*,failover.*',
      ]
      const cells = join(lab.folder, 'cells.json')
      await writeFile(cells, (await meshproof(['matrix', ...flags])).output)
      await lab.applied(
        lab.contexts[0] ?? '',
        (await meshproof(['matrix', ...flags, '--emit=kubernetes'])).output,
        '--namespace=meshproof',
      )

      const podOf = (index: number): Promise<string> =>
        lab.inside(
          'get',
          'pods',
          `--selector=batch.kubernetes.io/job-completion-index=${index}`,
          '--field-selector=status.phase=Running',
          '--output=name',
        )
      const log = (pod: string): Promise<string> => lab.inside('logs', pod).catch(() => '')
      await expect.poll(async () => log(await podOf(1)), { timeout: 300_000, interval: 1000 }).toContain('reach.local')
      const killed = await podOf(1)
      await lab.inside('delete', killed, '--grace-period=0', '--force')
      await lab.inside('wait', '--for=condition=Complete', 'job/meshproof-cells', '--timeout=600s')
      const retry = await lab.inside(
        'get',
        'pods',
        '--selector=batch.kubernetes.io/job-completion-index=1',
        '--output=name',
      )
      expect(retry).not.toContain(killed)
      expect(await log(retry.split('\n').at(-1) ?? '')).toContain('Removed what the killed run')

      // As the documentation has it.
      await mkdir(join(lab.folder, 'bin'))
      await writeFile(join(lab.folder, 'bin/meshproof'), `#!/bin/sh\nexec node ${root}/scripts/meshproof.mjs "$@"\n`, {
        mode: 0o755,
      })
      await writeFile(
        join(lab.folder, 'bin/kubectl'),
        `#!/bin/sh\nexec ${lab.kubectlProgram} --context=${lab.contexts[0] ?? ''} "$@"\n`,
        { mode: 0o755 },
      )
      const collect = await blockOf('in-cluster.md', 'gunzip')
      const collected = await execa('sh', ['-c', collect], {
        cwd: lab.folder,
        env: { KUBECONFIG: lab.kubeconfig, PATH: [join(lab.folder, 'bin'), process.env['PATH']].join(delimiter) },
        reject: false,
        all: true,
      })
      expect(collected.exitCode, collected.all).toBe(0)
      const page = await readFile(join(lab.folder, 'reports/matrix.html'), 'utf8')
      for (const cell of ['1-net-trust-control', '2-reach-route', '3-mtls-failover']) expect(page).toContain(cell)

      await rm(join(lab.folder, 'reports/2-reach-route'), { recursive: true })
      const less = await meshproof([
        'report',
        join(lab.folder, 'reports'),
        `--cells=${cells}`,
        `--report-dir=${join(lab.folder, 'less')}`,
      ])
      expect(less.exitCode, less.output).toBe(2)
      expect(await readFile(join(lab.folder, 'less/matrix.html'), 'utf8')).toContain('not run')
    },
    20 * 60_000,
  )

  test('a pod diagnoses the mesh it lives in, with rights of which none is too many', async () => {
    await lab.inside('apply', '--filename', manifest('diagnosis-cronjob'))
    await lab.inside('create', 'job', 'now', '--from=cronjob/meshproof-diagnosis')
    await lab.inside('wait', '--for=condition=Complete', 'job/now', '--timeout=180s')
    await lab.inside('delete', 'cronjob/meshproof-diagnosis')

    const flags = ['diagnose', ...(await contextsOf('meshproof-diagnosis'))]
    const { exitCode, output } = await meshproof(flags)
    expect(exitCode, output).toBe(0)
    const unnoticed: string[] = []
    for (const right of (await rightsOf('diagnosis-rbac')).filter(({ name }) => !elsewhere.test(name))) {
      const { exitCode: without } = await lacking(right, () => meshproof(flags))
      if (without !== 2) unnoticed.push(right.name)
    }
    expect(unnoticed).toEqual([])
  })

  test(
    'the rights of the suites are enough, and none is too many',
    async () => {
      const flags = await contextsOf('meshproof')
      const asked = [
        'net.gateway-open',
        'trust.common-root',
        'control.*',
        'discovery.endpoints',
        'reach.path',
        'reach.outside-mesh',
        'route.pin-v2',
        'mtls.strict',
        'mtls.wire',
      ]
      const suite = `--suite=${asked.join()}`
      const [planned, passed] = [await meshproof([...flags, '--plan']), await meshproof([...flags, suite])]
      expect(planned.exitCode, planned.output).toBe(0)
      expect(passed.exitCode, passed.output).toBe(0)
      const leftOut = ({ exitCode, results }: Outcome): unknown => [
        exitCode,
        results?.topologies.flatMap(({ checks }) =>
          checks.filter(({ verdict }) => verdict === 'skipped').map(({ id, reason }) => `${id}: ${reason}`),
        ),
      ]

      const unnoticed: string[] = []
      for (const right of (await rightsOf('suites-rbac')).filter(({ name }) => !elsewhere.test(name))) {
        // What planning does not miss, the checks do.
        const plan = await lacking(right, () => meshproof([...flags, '--plan']))
        if (plan.exitCode !== 0 || plan.output !== planned.output) continue
        const run = await lacking(right, () => meshproof([...flags, suite, '--fail-fast']))
        if (isDeepStrictEqual(leftOut(run), leftOut(passed))) unnoticed.push(right.name)
      }
      expect(unnoticed).toEqual([])
    },
    30 * 60_000,
  )
})
