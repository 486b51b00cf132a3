import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineInfo, nodeArchitecture } from '#engine/docker.ts'
import { harnessImage } from '#images/source/harness-image.ts'
import { renderedChart, rolesOf } from '#testing/e2e/chart.ts'
import { chartFlags, insideLab, shellBlockOf, type InsideLab } from '#testing/e2e/inside-lab.ts'
import { meshproof, type Outcome } from '#testing/e2e/product.ts'
import { rightsOf, type Right } from '#testing/e2e/rights.ts'
import { ended, freePort, prometheusPrograms, startPrometheus } from './prometheus.ts'

const root = resolve(import.meta.dirname, '../../../..')

test('the image can be built for another processor', async () => {
  const other = nodeArchitecture(await engineInfo()) === 'amd64' ? 'arm64' : 'amd64'
  const image = `${harnessImage}-${other}`
  try {
    const { exitCode, output } = await meshproof(['images', 'build', '--harness', `--platform=linux/${other}`])
    expect(exitCode, output).toBe(0)
    const { stdout } = await execa('docker', ['image', 'inspect', '--format={{.Os}}/{{.Architecture}}', image])
    expect(stdout).toBe(`linux/${other}`)
  } finally {
    await execa('docker', ['rmi', image], { reject: false })
  }
})

describe('inside a cluster', () => {
  let lab: InsideLab
  beforeAll(async () => {
    lab = await insideLab()
  }, 10 * 60_000)
  afterAll(() => lab.down(), 2 * 60_000)

  const contextsOf = (account: string): Promise<string[]> =>
    lab.kubeconfigFor(account).then((kubeconfig) => ['--contexts=cluster1,cluster2', `--kubeconfig=${kubeconfig}`])

  /** Runs a command while the account lacks a right in both clusters. */
  const runWithoutRight = async ({ role, without }: Right, run: () => Promise<Outcome>): Promise<Outcome> => {
    for (const context of lab.contexts) await lab.apply(context, stringify(without))
    try {
      return await run()
    } finally {
      for (const context of lab.contexts) await lab.apply(context, stringify(role))
    }
  }

  const rightsOfAccount = async (account: string): Promise<Right[]> =>
    rightsOf(rolesOf(await renderedChart(lab.helmProgram, ...chartFlags), account))

  // Rights that this mesh cannot show to be needed. The client opens web sockets by GET, which Kubernetes treats as a
  // creation only from 1.35 on. Address ranges matter on one network only. Only pods write ConfigMaps of results.
  // Sidecars and PeerAuthentications are read only where a client lacks endpoints; events, network policies and agents
  // of nodes only to say why something is broken. Its gateways are not of the Gateway API.
  const notNeededHere = new RegExp(
    [
      /^create pods\/(exec|portforward)/,
      /servicecidrs|customresourcedefinitions|configmaps in meshproof/,
      /list (gateways|gatewayclasses|listenersets|sidecars|peerauthentications|events|networkpolicies|daemonsets)$/,
    ]
      .map(({ source }) => source)
      .join('|'),
  )

  test('the account of the suites can change nothing outside its namespaces', async () => {
    const refused = lab.kubectlInside(
      '--as=system:serviceaccount:meshproof:meshproof',
      '--namespace=default',
      'create',
      'deployment',
      'stranger',
      '--image=none',
    )
    await expect(refused).rejects.toThrow('meshproof may change nothing outside of meshproof-app1 and meshproof-legacy')
    await expect(
      lab.kubectlInside('--as=system:serviceaccount:meshproof:meshproof', 'create', 'namespace', 'stranger'),
    ).rejects.toThrow('meshproof may change nothing')
  })

  test(
    'the CronJob and the Job of the chart run, and Prometheus has their results and alerts on a fault',
    async () => {
      const programs = await prometheusPrograms(lab.folder)
      const [rule] = await renderedChart(
        lab.helmProgram,
        ...chartFlags,
        '--set=metrics.rules.enabled=true',
        '--show-only=templates/rules.yaml',
      )
      const rules = join(lab.folder, 'rules.yaml')
      await writeFile(rules, stringify(rule?.['spec']))
      await cp(join(import.meta.dirname, 'rules.test.yaml'), join(lab.folder, 'rules.test.yaml'))
      await execa(programs.promtool, ['check', 'rules', '--lint-fatal', rules])
      await execa(programs.promtool, ['test', 'rules', join(lab.folder, 'rules.test.yaml')])

      const resultOf = async (map: string): Promise<Record<string, string>> =>
        JSON.parse(await lab.kubectlInside('get', 'configmap', map, '--output=jsonpath={.data}')) as Record<
          string,
          string
        >
      await lab.kubectlInside('create', 'job', 'healthy', '--from=cronjob/meshproof-diagnosis')
      await lab.kubectlInside('wait', '--for=condition=Complete', 'job/healthy', '--timeout=180s')
      expect(await resultOf('meshproof-diagnosis')).toMatchObject({ verdict: 'healthy', exitCode: '0' })

      await lab.helmInside('test', 'meshproof', '--timeout=10m')
      expect(await lab.kubectlInside('get', 'job/meshproof-suites', '--output=jsonpath={.status.succeeded}')).toBe('1')
      expect(await resultOf('meshproof-suites-0')).toMatchObject({ verdict: expect.stringMatching(/^(pass|flaky)$/) })

      const port = await freePort()
      await lab.kubectlInside('rollout', 'status', 'deployment/meshproof-metrics', '--timeout=120s')
      const forwarded = execa(
        lab.kubectlProgram,
        [
          `--context=${lab.contexts[0] ?? ''}`,
          '--namespace=meshproof',
          'port-forward',
          'deployment/meshproof-metrics',
          `${port}:9464`,
        ],
        { env: { KUBECONFIG: lab.kubeconfig }, reject: false },
      )
      const prometheus = await startPrometheus(programs, { folder: lab.folder, target: `127.0.0.1:${port}`, rules })
      // The kubelet updates a mounted ConfigMap within about a minute.
      const soon = { timeout: 150_000, interval: 1000 }
      const count = async (query: string): Promise<number> => (await prometheus.query(query).catch(() => [])).length
      const remoteSecret = ['secret', 'istio-remote-secret-cluster2', '--namespace=istio-system']
      const kept = await lab.kubectlInside('get', ...remoteSecret, '--output=json')
      try {
        await expect.poll(() => count('meshproof_diagnosis_verdict{verdict="healthy"} == 1'), soon).toBe(1)
        await expect.poll(() => count('meshproof_run_verdict{verdict=~"pass|flaky"} == 1'), soon).toBe(1)
        const ends = await prometheus.query('meshproof_certificate_expiry_timestamp_seconds')
        expect(new Set(ends.map(({ metric: { cluster, kind } }) => `${cluster} ${kind}`))).toEqual(
          new Set(
            ['cluster1', 'cluster2'].flatMap((cluster) =>
              ['root', 'intermediate', 'workload'].map((kind) => `${cluster} ${kind}`),
            ),
          ),
        )
        for (const { value } of ends) expect(value).toBeGreaterThan(Date.now() / 1000)
        expect(await prometheus.alerts()).toEqual([])

        await lab.kubectlInside('delete', ...remoteSecret)
        await lab.kubectlInside('create', 'job', 'broken', '--from=cronjob/meshproof-diagnosis')
        await lab.kubectlInside('wait', '--for=condition=Failed', 'job/broken', '--timeout=180s')
        await expect
          .poll(() => prometheus.alerts(), soon)
          .toMatchObject([
            {
              labels: { alertname: 'MeshproofMeshBroken' },
              annotations: { description: expect.stringContaining('secrets: MP-861') },
            },
          ])
      } finally {
        await lab.apply(lab.contexts[0] ?? '', kept, '--namespace=istio-system')
        await prometheus.end()
        await ended(forwarded)
      }
    },
    15 * 60_000,
  )

  test(
    'three pods share the suites, one is killed midway, and their results make a common page',
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
      await lab.apply(
        lab.contexts[0] ?? '',
        (await meshproof(['matrix', ...flags, '--emit=kubernetes'])).output,
        '--namespace=meshproof',
      )

      const podOf = (index: number): Promise<string> =>
        lab.kubectlInside(
          'get',
          'pods',
          `--selector=batch.kubernetes.io/job-completion-index=${index}`,
          '--field-selector=status.phase=Running',
          '--output=name',
        )
      const log = (pod: string): Promise<string> => lab.kubectlInside('logs', pod).catch(() => '')
      await expect.poll(async () => log(await podOf(1)), { timeout: 300_000, interval: 1000 }).toContain('reach.local')
      const killed = await podOf(1)
      await lab.kubectlInside('delete', killed, '--grace-period=0', '--force')
      await lab.kubectlInside('wait', '--for=condition=Complete', 'job/meshproof-cells', '--timeout=600s')
      const retry = await lab.kubectlInside(
        'get',
        'pods',
        '--selector=batch.kubernetes.io/job-completion-index=1',
        '--output=name',
      )
      expect(retry).not.toContain(killed)
      expect(await log(retry.split('\n').at(-1) ?? '')).toContain('Removed what the killed run')

      // The commands of the documentation.
      await mkdir(join(lab.folder, 'bin'))
      await writeFile(join(lab.folder, 'bin/meshproof'), `#!/bin/sh\nexec node ${root}/scripts/meshproof.mjs "$@"\n`, {
        mode: 0o755,
      })
      await writeFile(
        join(lab.folder, 'bin/kubectl'),
        `#!/bin/sh\nexec ${lab.kubectlProgram} --context=${lab.contexts[0] ?? ''} "$@"\n`,
        { mode: 0o755 },
      )
      const collect = await shellBlockOf('in-cluster.md', 'gunzip')
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
      const withMissingCell = await meshproof([
        'report',
        join(lab.folder, 'reports'),
        `--cells=${cells}`,
        `--report-dir=${join(lab.folder, 'less')}`,
      ])
      expect(withMissingCell.exitCode, withMissingCell.output).toBe(2)
      expect(await readFile(join(lab.folder, 'less/matrix.html'), 'utf8')).toContain('not run')
    },
    20 * 60_000,
  )

  test('a pod diagnoses the mesh in which it runs, and needs every right that it has', async () => {
    await lab.kubectlInside('create', 'job', 'now', '--from=cronjob/meshproof-diagnosis')
    await lab.kubectlInside('wait', '--for=condition=Complete', 'job/now', '--timeout=180s')
    await lab.kubectlInside('delete', 'job/now')

    const flags = ['diagnose', ...(await contextsOf('meshproof-diagnosis'))]
    const { exitCode, output } = await meshproof(flags)
    expect(exitCode, output).toBe(0)
    const unnoticed: string[] = []
    for (const right of (await rightsOfAccount('meshproof-diagnosis')).filter(
      ({ name }) => !notNeededHere.test(name),
    )) {
      const without = await runWithoutRight(right, () => meshproof(flags))
      const isNoted = /note: .* were not (looked at|compared)/.test(without.output)
      if (without.exitCode !== 2 && !isNoted) unnoticed.push(right.name)
    }
    expect(unnoticed).toEqual([])
  })

  test(
    'the rights of the suites are enough, and each of them is needed',
    async () => {
      const flags = await contextsOf('meshproof')
      const suite =
        '--suite=net.gateway-open,trust.common-root,control.*,discovery.endpoints,reach.path,reach.outside-mesh,' +
        'route.pin-v2,mtls.strict,mtls.wire'
      const [planned, passed] = [await meshproof([...flags, '--plan']), await meshproof([...flags, suite])]
      expect(planned.exitCode, planned.output).toBe(0)
      expect(passed.exitCode, passed.output).toBe(0)
      const skippedChecks = ({ exitCode, results }: Outcome): unknown => [
        exitCode,
        results?.topologies.flatMap(({ checks }) =>
          checks.filter(({ verdict }) => verdict === 'skipped').map(({ id, reason }) => `${id}: ${reason}`),
        ),
      ]

      const unnoticed: string[] = []
      for (const right of (await rightsOfAccount('meshproof')).filter(({ name }) => !notNeededHere.test(name))) {
        // A right that planning does not need must be needed by a check.
        const plan = await runWithoutRight(right, () => meshproof([...flags, '--plan']))
        if (plan.exitCode !== 0 || plan.output !== planned.output) continue
        const run = await runWithoutRight(right, () => meshproof([...flags, suite, '--fail-fast']))
        if (isDeepStrictEqual(skippedChecks(run), skippedChecks(passed))) unnoticed.push(right.name)
      }
      expect(unnoticed).toEqual([])
    },
    30 * 60_000,
  )
})
