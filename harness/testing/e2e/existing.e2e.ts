import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { byHandLab, type ByHandLab } from './by-hand-lab.ts'
import { takesTurn } from './labs.ts'
import { meshproof, type Disturbance } from './product.ts'

takesTurn('a second lab')

describe('a mesh that was installed by hand, with one control plane and two networks', () => {
  let lab: ByHandLab
  let before: Record<string, unknown>[]
  const run = (flags: string[], disturb?: Disturbance): ReturnType<typeof meshproof> =>
    meshproof(
      [`--contexts=${lab.contexts.join(',')}`, `--kubeconfig=${lab.kubeconfig}`, ...flags],
      disturb ? { disturb } : {},
    )

  beforeAll(async () => {
    lab = await byHandLab('primary-remote')
    before = await lab.settledContents()
  }, 10 * 60_000)
  afterAll(() => lab.down(), 2 * 60_000)

  test('passes, and is left as it was', async () => {
    const { exitCode, output, results } = await run([])
    expect(exitCode, output).toBe(0)
    expect(results?.environment).toMatchObject({ engine: 'none', kind: 'none' })
    const [topology] = results?.topologies ?? []
    expect(topology).toMatchObject({
      name: 'primary-remote',
      mtls: 'strict',
      clusters: [{ name: 'cluster1', role: 'primary' }, { name: 'cluster2' }],
      verdict: expect.stringMatching(/^(pass|flaky)$/),
    })
    // Two checks need to know the mesh’s configuration. The others are for another mode or for one network.
    expect(
      topology?.checks
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
    expect(topology?.checks.filter(({ verdict, reason }) => verdict === 'skipped' && reason === '')).toEqual([])
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

  test('is diagnosed by the lowest layer that is broken', async () => {
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

  /** Calls `act` while the check’s rule is in the mesh. */
  const whilePolicyExists = (act: (group: number) => void | Promise<void>): Disturbance => ({
    after: 'control.ready',
    act: async (group) => {
      const rules = (): Promise<string> =>
        lab.kubectl(lab.contexts[0] ?? '', '--namespace=meshproof-app1', 'get', 'virtualservices', '--output=name')
      while (!(await rules()).includes('helloworld')) await sleep(50)
      await act(group)
    },
  })
  const suite = '--suite=control.ready,route.pin-v2'

  test('is left as it was after a second Ctrl-C, which cleans up in the background', async () => {
    const { exitCode, output, seconds } = await run(
      [suite],
      whilePolicyExists(async (group) => {
        process.kill(-group, 'SIGINT')
        await sleep(1200)
        process.kill(-group, 'SIGINT')
      }),
    )
    expect(exitCode, output).toBe(130)
    expect(output, `after ${seconds} s`).toContain('being removed in the background')
    await expect.poll(lab.contents, { timeout: 120_000, interval: 3000 }).toEqual(before)
  })

  test('is cleaned up by the next run after kill -9, and by Ctrl-C in that run while its policy exists', async () => {
    await run(
      [suite],
      whilePolicyExists((group) => {
        process.kill(-group, 'SIGKILL')
      }),
    )
    expect(await lab.contents()).not.toEqual(before)
    const { exitCode, output, results } = await run(
      [suite],
      whilePolicyExists((group) => {
        process.kill(-group, 'SIGINT')
      }),
    )
    expect(exitCode, output).toBe(130)
    expect(results?.run.interrupted).toBe(true)
    expect(output.match(/Removed what the killed run \S+ had left/g)).toHaveLength(2)
    expect(await lab.contents()).toEqual(before)
  })

  test('is not touched where a namespace with the harness’s name belongs to somebody else', async () => {
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
