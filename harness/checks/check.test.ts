import { describe, expect, test } from 'vitest'
import { layers } from '#results/results.ts'
import { catalogue, joined } from '#run/catalogue.ts'
import { checkOf } from '#testing/checks.ts'
import { threeClusters, variant } from '#testing/idle-lab.ts'
import { upgradeTo } from '#testing/upgrade-stage.ts'
import { topologyNames } from '#topology/topology-file.ts'
import {
  check,
  type Check,
  harmlessChecks,
  notApplicable,
  only,
  onOneNetwork,
  onSeveralNetworks,
  onSharedNetwork,
  where,
  whereRequestsCross,
  withMutualTls,
  withOneControlPlane,
  withoutMutualTls,
} from './check.ts'

const variants = (
  await Promise.all(
    [...(await topologyNames()), threeClusters].flatMap((name) => [variant(name, 'strict'), variant(name, 'off')]),
  )
).map((topology) => ({ called: `${topology.name} ${topology.mtls}`, topology }))

/** The variants of topologies: those of one network, of two, and one that has both a shared network and another. */
const [flat, split, mixed] = [
  ['vpn', 'shared-control-plane', 'multi-primary'],
  ['gateway', 'primary-remote', 'multi-primary-multi-network', 'external-control-plane'],
  ['three-clusters'],
]
const strict = (names: string[]): string[] => names.map((name) => `${name} strict`)
const off = (names: string[]): string[] => names.map((name) => `${name} off`)
const inBothModes = (...names: string[]): string[] => [...strict(names), ...off(names)]
const topologies = [...flat, ...split, ...mixed]

// Where each does not apply, by the reason it gives; everywhere else it does.
test.each<[string, NonNullable<Check['applies']>, Record<string, string[]>]>([
  ['onSeveralNetworks', onSeveralNetworks, { 'all clusters are on one network': inBothModes(...flat) }],
  ['onOneNetwork', onOneNetwork, { 'clusters are on several networks': inBothModes(...split, ...mixed) }],
  ['onSharedNetwork', onSharedNetwork, { 'every cluster is on a network of its own': inBothModes(...split) }],
  [
    'withOneControlPlane',
    withOneControlPlane,
    { 'every cluster has a control plane of its own': inBothModes('multi-primary', 'multi-primary-multi-network') },
  ],
  ['withMutualTls', withMutualTls, { 'mutual TLS is off': off(topologies) }],
  ['withoutMutualTls', withoutMutualTls, { 'mutual TLS is required': strict(topologies) }],
  [
    'whereRequestsCross',
    whereRequestsCross,
    { 'mutual TLS is off, and plaintext does not cross networks': off([...split, ...mixed]) },
  ],
  [
    'only gateway',
    only('gateway'),
    { 'it belongs to the gateway topology': inBothModes(...topologies.filter((name) => name !== 'gateway')) },
  ],
  // The example of three clusters names its procedure, which is not its own name.
  [
    'only primary-remote',
    only('primary-remote'),
    {
      'it belongs to the primary-remote topology': inBothModes(
        ...topologies.filter((name) => name !== 'primary-remote' && name !== 'three-clusters'),
      ),
    },
  ],
  ['where nothing is asked for', where(), {}],
  [
    'where onSeveralNetworks and withMutualTls',
    where(onSeveralNetworks, withMutualTls),
    { 'all clusters are on one network': inBothModes(...flat), 'mutual TLS is off': off([...split, ...mixed]) },
  ],
  [
    'where withMutualTls and onSeveralNetworks',
    where(withMutualTls, onSeveralNetworks),
    { 'mutual TLS is off': off(topologies), 'all clusters are on one network': strict(flat) },
  ],
  [
    'where withoutMutualTls and onSharedNetwork',
    where(withoutMutualTls, onSharedNetwork),
    { 'mutual TLS is required': strict(topologies), 'every cluster is on a network of its own': off(split) },
  ],
])('%s', (_name, applies, expected) => {
  const reasons = Object.groupBy(
    variants.filter(({ topology }) => applies(topology) !== true),
    ({ topology }) => String(applies(topology)),
  )
  const observed = Object.entries(reasons).map(([reason, which]) => [
    reason,
    (which ?? []).map(({ called }) => called).sort(),
  ])
  expect(Object.fromEntries(observed)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([reason, which]) => [reason, which.toSorted()])),
  )
})

test('a check without a condition applies everywhere, one with a condition where that says so', () => {
  expect(variants.filter(({ topology }) => notApplicable(checkOf(), topology) !== undefined)).toEqual([])
  const [{ topology } = variants[0]!] = variants
  expect(notApplicable(checkOf({ applies: () => 'it is too late' }), topology)).toBe('it is too late')
  expect(notApplicable(checkOf({ applies: () => true }), topology)).toBeUndefined()
})

test('a check of an upgrade applies nowhere else, and that of an old proxy once a control plane leads', async () => {
  const [{ topology } = variants[0]!] = variants
  const oldProxy = catalogue.find(({ id }) => id === 'upgrade.old-proxy-restarts')!
  expect(notApplicable(oldProxy, topology)).toContain('a stage of an upgrade')
  expect(notApplicable(oldProxy, topology, upgradeTo('1.30-dev'))).toContain('once a control plane has moved')
  expect(notApplicable(oldProxy, topology, upgradeTo('1.31-dev'))).toBeUndefined()
  const later = upgradeTo('1.31-dev')
  expect(notApplicable(oldProxy, topology, { ...later, stage: { ...later.stage, phase: 'P3' } })).toContain(
    'once a control plane has moved',
  )
  // Beside the old one the new control plane serves nobody yet.
  expect(notApplicable(oldProxy, topology, upgradeTo('1.31-dev', '1.31-dev'))).toContain(
    'once a control plane has moved',
  )
})

test('beside traffic that is measured nothing changes the mesh', async () => {
  const beside = harmlessChecks(catalogue).map(({ id }) => id)
  expect(beside).toEqual(
    expect.arrayContaining([
      'net.gateway-open',
      'control.proxies-synced',
      'upgrade.new-namespace',
      'reach.path',
      'mtls.identity',
      'mtls.strict',
    ]),
  )
  const changing = [
    'discovery.placeholder',
    'mtls.wire',
    'mtls.wrong-identity',
    'mtls.plaintext-refused',
    'reach.outside-mesh',
  ]
  expect(
    beside.filter((id) => /^(route|failover)\./.test(id) || changing.some((start) => id.startsWith(start))),
  ).toEqual([])
})

// A policy or a scaled deployment is seen by everything that goes on: what does that says so.
test('whoever changes the mesh says that it is alone in it', async () => {
  const changing = catalogue.filter(({ prove }) =>
    /withPolicy|withRule|allowingPlaintext|setGateways|\.scale\(|\.wire\(/.test(String(prove)),
  )
  expect(changing.length).toBeGreaterThan(8)
  expect(changing.filter(({ alone }) => alone !== 'in the mesh').map(({ id }) => id)).toEqual(['mtls.wire'])
})

test('whoever runs beside other layers asks for no pods but its own', () => {
  const beside = catalogue.filter(({ ownPods }) => ownPods)
  expect(beside.map(({ id }) => id)).toEqual(['failover.local-down', 'failover.recover'])
  for (const { prove, alone } of beside) {
    expect(String(prove)).not.toMatch(/helloworld\.|withPolicy|allowingPlaintext|setGateways/)
    expect(alone).toBeUndefined()
  }
})

describe('the catalogue', () => {
  test('has every check once, bottom layer first, each with an id that names its layer', async () => {
    const checks = catalogue
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length)
    expect(checks.map(({ layer }) => layer)).toEqual(
      layers.flatMap((layer) => checks.filter((layered) => layered.layer === layer).map(() => layer)),
    )
    expect(
      checks
        .filter(
          ({ id, layer, upgrade }) => id.split('.')[0] !== (upgrade ? 'upgrade' : layer === 'network' ? 'net' : layer),
        )
        .map(({ id }) => id),
    ).toEqual([])
    expect(new Set(checks.map(({ layer }) => layer))).toEqual(new Set(layers))
  })

  test('takes no second check of a name', async () => {
    const [first] = catalogue
    expect(() => joined([catalogue, [check(checkOf({ id: first!.id }), () => Promise.resolve(''))]])).toThrow(first!.id)
  })

  test('asks everything somewhere', async () => {
    const begun = upgradeTo('1.31-dev')
    const stages = [undefined, begun, { ...begun, stage: { ...begun.stage, phase: 'P3' as const } }]
    expect(
      catalogue
        .filter((candidate) =>
          variants.every(({ topology }) =>
            stages.every((stage) => notApplicable(candidate, topology, stage) !== undefined),
          ),
        )
        .map(({ id }) => id),
    ).toEqual([])
  })
})
