import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contextsOf, labFrom, takesTurn } from './labs.ts'
import { engineContents, meshproof, type Outcome } from './product.ts'

takesTurn('the engine')

const flag = '--istio-namespace=mesh-root'

describe('a mesh whose root namespace is not istio-system', () => {
  let before: string[] = []
  let made: Outcome

  beforeAll(async () => {
    before = await engineContents()
    made = await meshproof(['--topology=primary-remote', flag, '--keep'])
  }, 10 * 60_000)
  const contexts = async (): Promise<string[]> =>
    contextsOf(await labFrom('primary-remote', made.results?.run.id ?? ''))
  const down = (): Promise<Outcome> => meshproof(['down', `--run=${made.results?.run.id}`])
  afterAll(down)

  test('is proven as any other', () => {
    expect(made.exitCode, made.output).toBe(0)
    expect(made.results?.topologies.map(({ verdict }) => verdict)).toEqual([expect.stringMatching(/^(pass|flaky)$/)])
    expect(made.output).toContain('cluster2: mesh-root and intermediate of the shared root CA')
    expect(made.output).toMatch(/npx meshproof test --topology=primary-remote --istio-namespace=mesh-root --reuse=\S+/)
    expect(JSON.stringify(made.results)).not.toContain('istio-system')
  })

  test('is reused by the same name alone', async () => {
    const again = await meshproof(['--topology=primary-remote', flag, '--reuse', '--suite=control.ready'])
    expect(again.exitCode, again.output).toBe(0)
    const elsewhere = await meshproof(['--topology=primary-remote', '--reuse', '--suite=control.ready'])
    expect(elsewhere.exitCode, elsewhere.output).toBe(2)
    expect(elsewhere.output).toMatch(/MP-106 .*kept: \S+ \(--istio-namespace=mesh-root\)/s)
  })

  test('is diagnosed as healthy, with requests', async () => {
    const { exitCode, output } = await meshproof(['diagnose', ...(await contexts()), flag, '--probe'])
    expect(exitCode, output).toBe(0)
    expect(output).toContain('like topology primary-remote')
    expect(output).toMatch(/^healthy /m)
    expect(output).not.toContain('istio-system')
  })

  test('is not taken for another, and the flag that is missing is named', async () => {
    const { exitCode, output } = await meshproof(['diagnose', ...(await contexts())])
    expect(exitCode, output).toBe(2)
    expect(output).toMatch(/MP-147 .*nothing of it is in istio-system; it is in mesh-root/s)
    expect(output).toContain('next: Name it with --istio-namespace=mesh-root.')
  })

  test('is proven as one that exists already', async () => {
    const { exitCode, output } = await meshproof([
      ...(await contexts()),
      flag,
      '--suite=trust.*,control.*,reach.both-versions',
    ])
    expect(exitCode, output).toBe(0)
  })

  test('leaves nothing behind', async () => {
    expect((await down()).exitCode).toBe(0)
    expect(await engineContents()).toEqual(before)
  })
})
