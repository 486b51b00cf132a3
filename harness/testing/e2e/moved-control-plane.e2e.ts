import { afterAll, describe, expect, test } from 'vitest'
import { faults } from '../../../fixtures/faults/index.ts'
import { labFrom, takesTurn } from './labs.ts'
import { meshproof, type Outcome } from './product.ts'

takesTurn('the engine')

describe('a control plane that moves (shared-control-plane)', () => {
  const flag = '--topology=shared-control-plane'
  let kept: Outcome | undefined

  afterAll(() => meshproof(['down', `--run=${kept?.results?.run.id}`]))

  test('is noticed when checks run again: its address is captured again, and the mesh is green', async () => {
    kept = await meshproof([flag, '--keep', '--suite=net.*'])
    expect(kept.exitCode, kept.output).toBe(0)
    expect(kept.output).toContain('kubectl')
    const fault = faults.find(({ name }) => name === 'address-not-captured-again')!
    await fault.apply(await labFrom('shared-control-plane', kept.results?.run.id ?? ''))
    const { exitCode, output } = await meshproof([flag, '--reuse', '--suite=control.*,reach.both-versions'])
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(/istiod’s pod has moved to \S+: captured again \(cluster2 held \S+\)/)
  })
})
