import { describe, expect, test } from 'vitest'
import { causes } from '#results/causes.ts'
import { layers } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans } from '#run/plan.ts'
import { faults, gatewayApiFaults } from '../../../fixtures/faults/index.ts'
import { assign, canBeShown, diagnosedIn, noticing } from './assign.ts'

// The checks of an upgrade are proven by upgrades that go wrong (fixtures/upgrade-faults).
const checks = catalogue.filter(({ upgrade }) => !upgrade)
const variants = (
  await Promise.all((['strict', 'off'] as const).map((mtls) => makePlans(['all'], [], checks, { mtls })))
)
  .flat()
  .map(({ topology }) => topology)
const layersOf = (ids: string[]): string[] => [
  ...new Set(checks.filter(({ id }) => ids.includes(id)).map(({ layer }) => layer)),
]

const noticed = faults.filter(({ turnsRed }) => Object.keys(turnsRed).length > 0)
const diagnosedAlone = faults.filter(({ turnsRed }) => Object.keys(turnsRed).length === 0)

test('the faults are there, each name once, lowest layer first', () => {
  expect(faults.length).toBeGreaterThan(0)
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
  const order = noticed.map(({ turnsRed }) => layersOf(Object.keys(turnsRed))[0])
  expect(order).toEqual(layers.flatMap((layer) => order.filter((ordered) => ordered === layer)))
})

test('every check is turned red by a fault', () => {
  expect(checks.filter(({ id }) => !faults.some(({ turnsRed }) => id in turnsRed)).map(({ id }) => id)).toEqual([])
})

describe.each(noticed.map((fault) => ({ name: fault.name, fault })))('the fault $name', ({ fault }) => {
  const ids = Object.keys(fault.turnsRed)

  test('turns checks of the catalogue red, all of one layer, by causes of that layer', () => {
    expect(ids.filter((id) => !checks.some((check) => check.id === id))).toEqual([])
    expect(layersOf(ids)).toHaveLength(1)
    expect(new Set(Object.values(fault.turnsRed).map((code) => causes[code].layer))).toEqual(new Set(layersOf(ids)))
  })

  test('can be shown in a built-in topology, with each of its checks', () => {
    const places = variants.filter((topology) => canBeShown(fault, topology, checks))
    expect(new Set(places.flatMap((topology) => noticing(fault, topology, checks)))).toEqual(new Set(ids))
  })
})

test.each(diagnosedAlone.map((fault) => ({ name: fault.name, fault })))(
  'the fault $name, which no check notices, has a code to be diagnosed by, and a topology to be shown in',
  ({ fault }) => {
    expect(fault.diagnosed).toBeDefined()
    expect(
      variants.some(
        (topology) => canBeShown(fault, topology, checks) && diagnosedIn(fault, topology) === fault.diagnosed,
      ),
    ).toBe(true)
  },
)

test('shown once each in all topologies, the faults turn every check red, and each code is diagnosed', async () => {
  const { assignments, unshown } = assign(
    faults,
    await makePlans(['all'], [], checks),
    await makePlans(['all'], [], checks, { mtls: 'off' }),
    checks,
  )
  expect(unshown).toEqual([])
  expect(
    assignments
      .flatMap(({ faults: assigned }) => assigned)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(faults.map(({ name }) => name).sort())
  const turnedRed = new Set(
    assignments.flatMap(({ plan, faults: assigned }) =>
      assigned.flatMap((fault) => noticing(fault, plan.topology, checks)),
    ),
  )
  expect(checks.filter(({ id }) => !turnedRed.has(id)).map(({ id }) => id)).toEqual([])
  const named = new Set(
    assignments.flatMap(({ plan, faults: assigned }) => assigned.map((fault) => diagnosedIn(fault, plan.topology))),
  )
  expect(
    faults.filter(({ diagnosed }) => diagnosed !== undefined && !named.has(diagnosed)).map(({ name }) => name),
  ).toEqual([])
})

const [flat, split] = [
  ['vpn', 'shared-control-plane', 'multi-primary'],
  ['gateway', 'primary-remote', 'multi-primary-multi-network'],
]

// Where a fault breaks nothing although its checks apply, it cannot be shown.
test.each<[string, string[]]>([
  ['address-not-captured-again', ['shared-control-plane strict', 'shared-control-plane off']],
  // Only there are gateways written down, and only with mutual TLS are they of use to anybody.
  ['placeholder-not-patched', ['gateway strict']],
  ['sent-in-clear', flat.map((name) => `${name} strict`)],
  ['mutual-tls-left-on', flat.map((name) => `${name} off`)],
  ['plaintext-around-gateways', split.map((name) => `${name} off`)],
  ['service-added-by-hand', split.map((name) => `${name} strict`)],
])('%s can be shown where it breaks something', (name, expected) => {
  const [fault] = faults.filter((candidate) => candidate.name === name)
  expect(
    variants
      .filter((topology) => canBeShown(fault!, topology, checks))
      .map((topology) => `${topology.name} ${topology.mtls}`)
      .sort(),
  ).toEqual(expected.toSorted())
})

describe('where gateways are of the Gateway API', () => {
  const plans = makePlans(['all'], [], checks, { gateways: 'gateway-api' })

  test('their own faults can be shown, each once, with the code that a diagnosis must name', async () => {
    const { assignments, unshown } = assign(gatewayApiFaults, await plans, [], checks)
    expect(unshown).toEqual([])
    const shown = assignments.flatMap(({ plan, faults: assigned }) =>
      assigned.map((fault) => `${plan.topology.name} ${diagnosedIn(fault, plan.topology) ?? 'nothing'}`),
    )
    expect(shown).toEqual(expect.arrayContaining(['gateway MP-884', 'multi-primary-multi-network MP-881']))
    expect(shown).toHaveLength(gatewayApiFaults.length)
  })

  test('faults of Istio’s own Gateways cannot happen, nor those that istiod mends', async () => {
    const topologies = (await plans).map(({ topology }) => topology)
    const placesOf = (name: string): string[] =>
      topologies
        .filter((topology) =>
          canBeShown(
            faults.find((fault) => fault.name === name)!,
            topology,
            checks,
          ),
        )
        .map((topology) => topology.name)
    expect(placesOf('gateway-mode-passthrough')).toEqual([])
    expect(placesOf('gateway-image-auto')).toEqual(['gateway', 'primary-remote'])
    expect(placesOf('gateway-down')).toEqual(['gateway', 'primary-remote', 'multi-primary-multi-network'])
  })
})
