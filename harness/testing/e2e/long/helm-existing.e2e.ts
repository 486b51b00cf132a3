import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { moduleFolder } from '#images/source/go.ts'
import { contextsOf, labFrom } from '#testing/e2e/labs.ts'
import { engineContents, meshproof, type Outcome } from '#testing/e2e/product.ts'

describe('a mesh that Helm installed, with charts of a folder', () => {
  let before: string[] = []
  let made: Outcome

  beforeAll(async () => {
    before = await engineContents()
    const charts = join(await moduleFolder('istio', 'istio.io/istio'), 'manifests/charts')
    made = await meshproof(['--topology=primary-remote', '--installer=helm', `--charts=${charts}`, '--keep'])
  }, 15 * 60_000)
  const contexts = async (): Promise<string[]> =>
    contextsOf(await labFrom('primary-remote', made.results?.run.id ?? ''))
  afterAll(() => meshproof(['down']))

  test('is proven as any other, and the results name the installer', () => {
    expect(made.exitCode, made.output).toBe(0)
    expect(made.results?.topologies.map(({ verdict }) => verdict)).toEqual([expect.stringMatching(/^(pass|flaky)$/)])
    expect(made.results?.environment).toMatchObject({ installer: 'helm', helm: expect.stringMatching(/^v4\./) })
    expect(made.output).toMatch(/^Helm: v4\.\S+, charts from \//m)
  })

  test('is diagnosed as healthy, with requests', async () => {
    const { exitCode, output } = await meshproof(['diagnose', ...(await contexts()), '--probe'])
    expect(exitCode, output).toBe(0)
    expect(output).toContain('like topology primary-remote')
    expect(output).toMatch(/^healthy /m)
  })

  test('is proven as one that exists already', async () => {
    const { exitCode, output } = await meshproof([
      ...(await contexts()),
      '--suite=trust.*,control.*,reach.both-versions',
    ])
    expect(exitCode, output).toBe(0)
  })

  test('is reused without a word about its installer, and not as one of another', async () => {
    const again = await meshproof(['--topology=primary-remote', '--reuse', '--suite=control.ready'])
    expect(again.exitCode, again.output).toBe(0)
    expect(again.results?.environment.installer).toBe('helm')
    const other = await meshproof(['--topology=primary-remote', '--reuse', '--installer=istioctl'], { reports: false })
    expect(other.exitCode, other.output).toBe(2)
    expect(other.output).toMatch(/MP-106 .*kept: \S+ \(--installer=helm\)/s)
  })

  test('leaves nothing behind', async () => {
    expect((await meshproof(['down'])).exitCode).toBe(0)
    expect(await engineContents()).toEqual(before)
  })
})
