import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { byHandLab, type ByHandLab } from './by-hand-lab.ts'
import { meshproof, type Disturbance } from './product.ts'

describe('a mesh that was made by hand, with one control plane and two networks', () => {
  let lab: ByHandLab
  let before: Record<string, unknown>[]
  const run = (flags: string[], disturb?: Disturbance): ReturnType<typeof meshproof> =>
    meshproof(
      [`--contexts=${lab.contexts.join(',')}`, `--kubeconfig=${lab.kubeconfig}`, ...flags],
      disturb ? { disturb } : {},
    )

  beforeAll(async () => {
    lab = await byHandLab('primary-remote')
    before = await lab.settled()
  }, 10 * 60_000)
  afterAll(() => lab.down(), 2 * 60_000)

  test('is proven, and left as it was', async () => {
    const { exitCode, output, results } = await run([])
    expect(exitCode, output).toBe(0)
    expect(results?.environment).toMatchObject({ engine: 'none', kind: 'none' })
    const [found] = results?.topologies ?? []
    expect(found).toMatchObject({
      name: 'primary-remote',
      mtls: 'strict',
      clusters: [{ name: 'cluster1', role: 'primary' }, { name: 'cluster2' }],
      verdict: expect.stringMatching(/^(pass|flaky)$/),
    })
    // What needs the mesh’s own configuration is left out; the rest belongs to other modes or networks.
    expect(
      found?.checks
        .filter(({ verdict }) => verdict === 'skipped')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([
      'discovery.placeholder',
      'mtls.off-crosses',
      'mtls.off-stays',
      'net.cidrs-disjoint',
      'net.pods-routable',
    ])
    expect(found?.checks.filter(({ verdict, reason }) => verdict === 'skipped' && reason === '')).toEqual([])
    expect(await lab.contents()).toEqual(before)
  })

  const diagnose = (...flags: string[]): ReturnType<typeof meshproof> =>
    meshproof(['diagnose', `--contexts=${lab.contexts.join(',')}`, `--kubeconfig=${lab.kubeconfig}`, ...flags])

  test('is diagnosed as healthy, and left as it was', async () => {
    const { exitCode, output } = await diagnose()
    expect(exitCode, output).toBe(0)
    expect(output).toContain('like topology primary-remote')
    expect(await lab.contents()).toEqual(before)

    const probed = await diagnose('--probe')
    expect(probed.exitCode, probed.output).toBe(0)
    expect(probed.output).toMatch(/✓ requests {2}.*cluster1 → cluster2 21 of 21/)
    expect(await lab.contents()).toEqual(before)
  })

  test('is diagnosed by the first layer that somebody broke', async () => {
    const [, remote = ''] = lab.contexts
    await lab.kubectl(remote, 'label', 'namespace', 'istio-system', 'topology.istio.io/network-')
    try {
      const { exitCode, output } = await diagnose()
      expect(exitCode, output).toBe(1)
      expect(output).toMatch(/^first broken layer: network labels {2}MP-831/m)
      expect(output).toContain(
        `fix: kubectl --context=${remote} label namespace istio-system topology.istio.io/network=network2`,
      )
      expect(output).toContain('? requests  not judged')
    } finally {
      await lab.kubectl(remote, 'label', 'namespace', 'istio-system', 'topology.istio.io/network=network2')
    }
  })

  /** Does it once a rule of the check stands in the mesh. */
  const inThePolicy = (act: (group: number) => void | Promise<void>): Disturbance => ({
    at: 'control.ready',
    act: async (group) => {
      const stands = (): Promise<string> =>
        lab.kubectl(lab.contexts[0] ?? '', '--namespace=meshproof-app1', 'get', 'virtualservices', '--output=name')
      while (!(await stands()).includes('helloworld')) await sleep(50)
      await act(group)
    },
  })
  const suite = '--suite=control.ready,route.pin-v2'

  test('is left as it was by a second Ctrl-C, in the background', async () => {
    const { exitCode, output, seconds } = await run(
      [suite],
      inThePolicy(async (group) => {
        process.kill(-group, 'SIGINT')
        await sleep(1200)
        process.kill(-group, 'SIGINT')
      }),
    )
    expect(exitCode, output).toBe(130)
    expect(output, `after ${seconds} s`).toContain('being removed in the background')
    await expect.poll(lab.contents, { timeout: 120_000, interval: 3000 }).toEqual(before)
  })

  test('is cleaned by the next run after kill -9, and by that run’s Ctrl-C in the middle of a policy', async () => {
    await run(
      [suite],
      inThePolicy((group) => {
        process.kill(-group, 'SIGKILL')
      }),
    )
    expect(await lab.contents()).not.toEqual(before)
    const { exitCode, output, results } = await run(
      [suite],
      inThePolicy((group) => {
        process.kill(-group, 'SIGINT')
      }),
    )
    expect(exitCode, output).toBe(130)
    expect(results?.run.interrupted).toBe(true)
    expect(output.match(/Removed what the killed run \S+ had left/g)).toHaveLength(2)
    expect(await lab.contents()).toEqual(before)
  })

  test('is not touched where a namespace of our name is somebody else’s', async () => {
    const [context = ''] = lab.contexts
    await lab.kubectl(context, 'create', 'namespace', 'meshproof-legacy')
    try {
      const { exitCode, output } = await run(['--suite=control.ready'])
      expect(exitCode, output).toBe(2)
      expect(output).toContain('MP-140')
    } finally {
      await lab.kubectl(context, 'delete', 'namespace', 'meshproof-legacy')
    }
    expect(await lab.contents()).toEqual(before)
  })
})
