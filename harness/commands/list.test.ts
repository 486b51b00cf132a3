import { expect, test } from 'vitest'
import { catalogue } from '#run/catalogue.ts'
import { topologyNames } from '#topology/topology-file.ts'
import { listing } from './list.ts'

const text = (await listing('text')).split('\n')

/** The lines that the list has of a check, without their indent. */
const linesOf = (id: string): string[] => {
  const start = text.findIndex((line) => line.startsWith(`  ${id} `))
  const end = text.findIndex((line, index) => index > start && !/^ {5}/.test(line))
  return text.slice(start, end < 0 ? undefined : end).map((line) => line.trim())
}

const split = 'gateway, primary-remote, multi-primary-multi-network, external-control-plane'
const flat = 'vpn, shared-control-plane, multi-primary'

test.each<[string, string[]]>([
  ['reach.local', []],
  [
    'resilience.gateway-restart',
    [
      'on demand, since it disrupts the mesh: --suite=resilience.gateway-restart',
      `not on ${flat}: all clusters are on one network`,
      `not on ${split} with it off: mutual TLS is off`,
      'not on external-control-plane with mutual TLS: disruptions of a mesh with an external control plane are not ' +
        'supported',
    ],
  ],
  ['net.pods-isolated', [`not on ${flat}: all clusters are on one network`]],
  ['net.pods-routable', [`not on ${split}: every cluster is on a network of its own`]],
  ['mtls.strict', ['not on any topology with it off: mutual TLS is off']],
  ['reach.both-versions', [`not on ${split} with it off: mutual TLS is off, and plaintext does not cross networks`]],
  [
    'mtls.off-crosses',
    [
      'not on any topology with mutual TLS: mutual TLS is required',
      `not on ${split} with it off: every cluster is on a network of its own`,
    ],
  ],
  [
    'mtls.off-stays',
    [
      'not on any topology with mutual TLS: mutual TLS is required',
      `not on ${flat} with it off: all clusters are on one network`,
    ],
  ],
  [
    'discovery.placeholder',
    [
      'not on vpn, shared-control-plane, primary-remote, multi-primary, multi-primary-multi-network, ' +
        'external-control-plane: it belongs to the gateway topology',
      'not on gateway with it off: mutual TLS is off',
    ],
  ],
])('the list says of %s where it does not apply, and why', async (id, reasons) => {
  const { title } = catalogue.find((check) => check.id === id)!
  const [head, ...lines] = linesOf(id)
  expect(head).toMatch(new RegExp(`^${id} +${title}$`))
  expect(lines).toEqual(reasons)
})

test('the list names every topology, with its modes of mutual TLS, and every check', async () => {
  const names = await topologyNames()
  expect(text.slice(0, names.length + 3).map((line) => line.split('  ')[1] ?? line)).toEqual([
    'Topologies',
    ...names,
    '',
    'Checks',
  ])
  expect(text.find((line) => line.startsWith('  vpn '))).toContain('(seed 003; mutual TLS strict and off)')
  expect(text.find((line) => line.startsWith('  multi-primary '))).toContain('(beyond the seeds; mutual TLS strict)')
  for (const { id } of catalogue) expect(linesOf(id)[0]).toContain(id)
})

test('for programs, every check has a word on every variant', async () => {
  const { topologies, checks } = JSON.parse(await listing('json')) as {
    topologies: { name: string; mtls: string; byDefault: boolean }[]
    checks: { id: string; topologies: { name: string; mtls: string; applies: boolean; reason: string }[] }[]
  }
  const variants = topologies.map(({ name, mtls }) => `${name} ${mtls}`)
  expect(variants).toEqual((await topologyNames()).flatMap((name) => [`${name} strict`, `${name} off`]))
  expect(topologies.filter(({ mtls, byDefault }) => mtls === 'off' && byDefault).map(({ name }) => name)).toEqual([
    'vpn',
  ])
  expect(
    checks.filter((check) => check.topologies.map(({ name, mtls }) => `${name} ${mtls}`).join() !== variants.join()),
  ).toEqual([])
  expect(
    checks.flatMap((check) => check.topologies).filter(({ applies, reason }) => applies === (reason !== '')),
  ).toEqual([])
  expect(checks.find(({ id }) => id === 'mtls.off-crosses')?.topologies.filter(({ applies }) => applies)).toEqual(
    flat.split(', ').map((name) => ({ name, mtls: 'off', applies: true, reason: '' })),
  )
})
