import { describe, expect, test } from 'vitest'
import { faultNamed, upgradeFaults } from '../../../fixtures/upgrade-faults/index.ts'
import type { UpgradeFinding } from '#results/results.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { upgradeCodes } from '#codes/index.ts'
import type { UpgradeCode } from '#commands/upgrade/verdict/findings.ts'
import { phasesOf } from '#commands/upgrade/phases/phases.ts'
import { faultLine, impossible, notShown, verdictOf, type UpgradeFault } from './upgrade-fault.ts'
import { upgradeLabOf } from './upgrade-lab.ts'
import type { Strategy, UpgradeLab, UpgradePhase } from './upgrade-phase.ts'

const fault: UpgradeFault = {
  name: 'one',
  breaks: 'something',
  strikes: 'P4',
  names: 'MP-932',
  change: (phases) => phases,
}
const finding = (code: UpgradeCode, phase: UpgradeFinding['phase']): UpgradeFinding => ({
  verdict: upgradeCodes[code].verdict,
  phase,
  code,
  cause: 'cause',
  hint: 'hint',
  seen: 'figures',
})

describe('a report shows a fault', () => {
  test('when it fails and names the cause, beside other things that are wrong too', () => {
    expect(
      notShown(fault, { verdict: 'fail', findings: [finding('MP-939', 'P4'), finding('MP-932', 'P4')] }),
    ).toBeUndefined()
  })

  test.each<[string, Parameters<typeof notShown>[1], string]>([
    ['it is green', { verdict: 'pass', findings: [] }, 'the verdict is pass and not fail'],
    [
      'it names another cause',
      { verdict: 'fail', findings: [finding('MP-941', 'P4'), finding('MP-957', 'P5')] },
      'it names MP-941 and not MP-932',
    ],
    [
      'it failed before',
      { verdict: 'fail', findings: [finding('MP-932', 'P4'), finding('MP-942', 'P2')] },
      'MP-942 is found in P2, before the fault strikes in P4',
    ],
  ])('not when %s', (_what, report, reason) => {
    expect(notShown(fault, report)).toBe(reason)
  })

  test('and the line says so', () => {
    expect(faultLine(fault, { verdict: 'fail', findings: [finding('MP-932', 'P4')] })).toBe(
      '✓ one: the report names it, MP-932',
    )
    expect(faultLine(fault, { verdict: 'pass', findings: [] })).toBe(
      '✗ one: not shown, since the verdict is pass and not fail',
    )
  })

  test('that is only a disturbance when the upgrade passes, without a warning', () => {
    const disturbance: UpgradeFault = { ...fault, names: 'nothing' }
    expect(faultLine(disturbance, { verdict: 'pass', findings: [] })).toBe('✓ one: the upgrade passes all the same')
    expect(faultLine(disturbance, { verdict: 'warn', findings: [finding('MP-957', 'P4')] })).toBe(
      '✗ one: not passed, since the verdict is warn and not pass',
    )
  })

  test('that must leave the verdict open: a failure is no proof of it', () => {
    const stall: UpgradeFault = { ...fault, strikes: 'P2', names: 'MP-953' }
    expect(notShown(stall, { verdict: 'inconclusive', findings: [finding('MP-953', 'P2')] })).toBeUndefined()
    expect(notShown(stall, { verdict: 'fail', findings: [finding('MP-941', 'P2'), finding('MP-953', 'P2')] })).toBe(
      'the verdict is fail and not inconclusive',
    )
  })
})

describe('every faulty upgrade', () => {
  const upgrade = async (strategy: Strategy): Promise<UpgradeLab> =>
    upgradeLabOf(await idleLab(), { ...(await idleLab()).images, roles: { tag: '1.31-dev' } }, strategy)
  const possible = (['in-place', 'revision'] as const).flatMap((strategy) =>
    upgradeFaults.map((upgradeFault) => ({ ...upgradeFault, strategy })),
  )

  test.each(possible)('$name changes nothing before it strikes, $strategy', async ({ strategy, ...upgradeFault }) => {
    const lab = await upgrade(strategy)
    if (impossible(upgradeFault, lab.to.topology, strategy) !== undefined) return
    const right = phasesOf(lab, { rotateCa: false, rollback: false })
    const names = (of: UpgradePhase[]): string[] =>
      of.map(({ id, steps }) => [id, ...steps.map(({ name }) => name)].join('; '))
    const [before, after] = [names(right), names(upgradeFault.change(right, lab))]
    expect(after.find((phase, index) => phase !== before[index])).toMatch(new RegExp(`^${upgradeFault.strikes}\\b`))
  })

  test('proxies are left where no step restarts them, before the old control plane goes', async () => {
    const lab = await upgrade('revision')
    const changed = faultNamed('proxies-left').change(phasesOf(lab, { rotateCa: false, rollback: false }), lab)
    expect(
      changed
        .filter(({ id }) => id === 'P8')
        .flatMap(({ steps }) => steps.map(({ name }) => name))
        .filter((name) => /restarted|removed/.test(name)),
    ).toEqual([expect.stringMatching(/^cluster1: .*removed$/), expect.stringMatching(/^cluster2: .*removed$/)])
  })

  test('has a name of its own, and can be shown somewhere', async () => {
    expect(new Set(upgradeFaults.map(({ name }) => name)).size).toBe(upgradeFaults.length)
    const { topology } = await idleLab()
    expect(
      upgradeFaults.filter((upgradeFault) =>
        (['in-place', 'revision'] as const).every(
          (strategy) => impossible(upgradeFault, topology, strategy) !== undefined,
        ),
      ),
    ).toEqual([])
  })

  test('turns red, but for slower answers, and for the machine that stands still or is busy', () => {
    expect(
      upgradeFaults
        .filter((upgradeFault) => verdictOf(upgradeFault) !== 'fail')
        .map((upgradeFault) => [upgradeFault.name, verdictOf(upgradeFault)]),
    ).toEqual([
      ['proxies-slower', 'warn'],
      ['host-stall', 'inconclusive'],
      ['processors-busy', 'pass'],
    ])
  })

  test('is not possible everywhere: without a second control plane nothing is left on the old one', async () => {
    const { topology } = await idleLab()
    const of = (name: string, procedure: typeof topology): string | undefined =>
      impossible(faultNamed(name), procedure, 'in-place')
    expect(of('remote-webhook-left', topology)).toContain('in place')
    expect(of('proxies-left', topology)).toContain('in place')
    expect(of('gateway-left-behind', (await idleLab('vpn')).topology)).toBe('all clusters are on one network')
    expect(of('mutual-tls-disabled', { ...topology, mtls: 'off' })).toContain('off')
  })

  test('is asked for by name, and a slip of the hand is told', () => {
    expect(faultNamed('other-root').names).toBe('MP-931')
    expect(() => faultNamed('other-rot')).toThrow(
      expect.objectContaining({ code: 'MP-101', next: expect.stringContaining('“other-root”') }),
    )
  })
})
