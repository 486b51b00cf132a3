import { describe, expect, test } from 'vitest'
import { onSeveralNetworks, withMutualTls, withoutMutualTls } from '#checks/check.ts'
import type { Fault } from './fault.ts'
import { makePlans } from '#run/plan.ts'
import { variantName } from '#results/results.ts'
import { checkOf } from '#testing/checks.ts'
import { variant } from '#testing/idle-lab.ts'
import { assign, canBeShown, noticing } from './assign.ts'

const checks = [
  checkOf({ id: 'net.isolated', layer: 'network', applies: onSeveralNetworks }),
  checkOf({ id: 'reach.local' }),
  checkOf({ id: 'mtls.strict', layer: 'mtls', applies: withMutualTls }),
  checkOf({ id: 'mtls.off', layer: 'mtls', applies: withoutMutualTls }),
]
const faultOf = (name: string, noticedBy: string[], applies?: Fault['applies']): Fault => ({
  name,
  breaks: 'something',
  turnsRed: Object.fromEntries(noticedBy.map((id) => [id, 'MP-751'])),
  ...(applies ? { applies } : {}),
  apply: () => Promise.resolve(() => Promise.resolve()),
})

test('what notices a fault are those of its checks that apply, in the order of the catalogue', async () => {
  const fault = faultOf('any', ['mtls.strict', 'reach.local', 'net.isolated'])
  expect(noticing(fault, await variant('gateway'), checks)).toEqual(['net.isolated', 'reach.local', 'mtls.strict'])
  expect(noticing(fault, await variant('vpn', 'off'), checks)).toEqual(['reach.local'])
  expect(noticing(faultOf('other', ['mtls.off']), await variant('gateway'), checks)).toEqual([])
})

test.each<[string, Fault, boolean]>([
  ['a check that applies', faultOf('one', ['reach.local']), true],
  ['checks of which one applies', faultOf('one', ['net.isolated', 'reach.local']), true],
  ['no check that applies', faultOf('one', ['net.isolated', 'mtls.off']), false],
  ['a condition that holds, and a check', faultOf('one', ['reach.local'], () => true), true],
  ['a condition that does not hold', faultOf('one', ['reach.local'], () => 'it has no gateway'), false],
  ['a condition that holds, and no check', faultOf('one', ['net.isolated'], () => true), false],
])('a fault with %s can be shown: %#', async (_what, fault, expected) => {
  expect(canBeShown(fault, await variant('vpn'), checks)).toBe(expected)
})

/** Which faults go to which lab, and which to none. */
const spread = async (
  faults: Fault[],
  requested: string[],
  fallback: string[] = [],
): Promise<{ labs: Record<string, string[]>; unshown: string[] }> => {
  const { assignments, unshown } = assign(
    faults,
    await makePlans(requested, [], [], { mtls: 'strict' }),
    fallback.length > 0 ? await makePlans(fallback, [], [], { mtls: 'off' }) : [],
    checks,
  )
  return {
    labs: Object.fromEntries(
      assignments.map(({ plan, faults: assigned }) => [variantName(plan.topology), assigned.map(({ name }) => name)]),
    ),
    unshown: unshown.map(({ name }) => name),
  }
}
const anywhere = (...names: string[]): Fault[] => names.map((name) => faultOf(name, ['reach.local']))

describe('faults are spread over labs', () => {
  test('evenly, each to one, and told in their own order', async () => {
    expect(await spread(anywhere('a', 'b', 'c', 'd', 'e', 'f'), ['gateway', 'vpn'])).toEqual({
      labs: { gateway: ['a', 'c', 'e'], vpn: ['b', 'd', 'f'] },
      unshown: [],
    })
    expect(await spread(anywhere('a', 'b', 'c'), ['vpn'])).toEqual({ labs: { vpn: ['a', 'b', 'c'] }, unshown: [] })
  })

  test('so that what can be shown in one lab alone does not crowd it', async () => {
    const faults = [...anywhere('a', 'b'), faultOf('isolated', ['net.isolated']), faultOf('joined', ['net.isolated'])]
    expect(await spread(faults, ['vpn', 'gateway'])).toEqual({
      labs: { vpn: ['a', 'b'], gateway: ['isolated', 'joined'] },
      unshown: [],
    })
  })

  test('and to a variant that nobody asked for only where none of those asked for can show them', async () => {
    expect(
      await spread([...anywhere('a', 'b'), faultOf('left-on', ['mtls.off'])], ['vpn'], ['vpn', 'gateway']),
    ).toEqual({ labs: { vpn: ['a', 'b'], 'vpn with mutual TLS off': ['left-on'] }, unshown: [] })
    expect(await spread(anywhere('a'), ['vpn'], ['gateway'])).toEqual({ labs: { vpn: ['a'] }, unshown: [] })
  })

  test('with no lab for which there is nothing to show', async () => {
    expect(await spread([faultOf('isolated', ['net.isolated'])], ['vpn', 'gateway'])).toEqual({
      labs: { gateway: ['isolated'] },
      unshown: [],
    })
    expect(await spread([], ['vpn'])).toEqual({ labs: {}, unshown: [] })
  })

  test('and those that can be shown nowhere are told', async () => {
    expect(
      await spread(
        [faultOf('isolated', ['net.isolated']), ...anywhere('a'), faultOf('left-on', ['mtls.off'])],
        ['vpn'],
      ),
    ).toEqual({ labs: { vpn: ['a'] }, unshown: ['isolated', 'left-on'] })
  })
})
