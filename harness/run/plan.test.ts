import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { threeClusters } from '#testing/idle-lab.ts'
import { type Mtls, topologyNames } from '#topology/topology-file.ts'
import { whyOnDemand } from '#checks/check.ts'
import { catalogue } from './catalogue.ts'
import { makePlans, selectChecks } from './plan.ts'

const ids = ['reach.local', 'reach.path', 'mtls.strict', 'reachXlocal']
const chosen = (...patterns: string[]): string[] =>
  ids.filter(
    selectChecks(
      patterns,
      ids.map((id) => ({ id })),
    ),
  )

describe('a selection', () => {
  test.each<[string[], string[]]>([
    [[], ids],
    [['reach.*'], ['reach.local', 'reach.path']],
    [
      ['*.strict', 'reach.path'],
      ['reach.path', 'mtls.strict'],
    ],
    [['!reach.path'], ['reach.local', 'mtls.strict', 'reachXlocal']],
    [['reach.*', '!reach.path'], ['reach.local']],
    [['!reach.path', 'reach.*'], ['reach.local']],
    [['reach.local'], ['reach.local']],
  ])('of %j is %j', (patterns, expected) => {
    expect(chosen(...patterns)).toEqual(expected)
  })

  test.each<[string[], string[]]>([
    [[], ['reach.local']],
    [['*'], ['reach.local']],
    [['!reach.local', '*.*'], []],
    [['resilience.*'], ['resilience.node', 'resilience.secret']],
    [['resilience.*', '!*.node'], ['resilience.secret']],
    [['resilience.node'], ['resilience.node']],
    [
      ['*', 'resilience.node'],
      ['reach.local', 'resilience.node'],
    ],
  ])('of %j takes what disrupts only where it is named: %j', (patterns, expected) => {
    const checks = [
      { id: 'reach.local' },
      ...['resilience.node', 'resilience.secret'].map((id) => ({ id, disrupts: { seconds: 60 } })),
    ]
    const taken = (): string[] => checks.map(({ id }) => id).filter(selectChecks(patterns, checks))
    if (expected.length > 0) expect(taken()).toEqual(expected)
    else expect(taken).toThrow(expect.objectContaining({ code: 'MP-103' }))
  })

  test('takes * for any characters, dots among them, in every id of the catalogue', () => {
    const all = catalogue.map(({ id }) => ({ id }))
    const taken = (pattern: string): string[] => all.map(({ id }) => id).filter(selectChecks([pattern], all))
    for (const { id } of all) {
      expect(taken(id)).toEqual([id])
      for (let at = 0; at <= id.length; at += 1) {
        const [start, end] = [id.slice(0, at), id.slice(at)]
        const expected = (fits: (other: string) => boolean): string[] =>
          all.map((other) => other.id).filter((other) => fits(other))
        expect(taken(`${start}*`)).toEqual(expected((other) => other.startsWith(start)))
        expect(taken(`*${end}`)).toEqual(expected((other) => other.endsWith(end)))
        expect(taken(`${start}*${end}`)).toContain(id)
      }
    }
  })

  test.each([['reach.pat'], ['!reach.pat']])('of %s, which fits nothing, is refused with the nearest', (pattern) => {
    expect(() => chosen('mtls.*', pattern)).toThrow(
      expect.objectContaining({ code: 'MP-101', next: expect.stringContaining('“reach.path”') }),
    )
  })

  test.each([
    ['reach', 'reach.*'],
    ['REACH.*', 'reach.*'],
    ['Reach.Path', 'reach.path'],
  ])('of %s is refused with the pattern that was meant', (pattern, meant) => {
    expect(() => chosen(pattern)).toThrow(
      expect.objectContaining({ code: 'MP-101', next: expect.stringContaining(`Did you mean “${meant}”?`) }),
    )
  })

  test('that leaves nothing is refused', () => {
    expect(() => chosen('reach.path', '!reach.*')).toThrow(expect.objectContaining({ code: 'MP-103' }))
    expect(() => chosen('!*')).toThrow(expect.objectContaining({ code: 'MP-103' }))
  })
})

describe('plans', () => {
  test('of all are one for each topology, of a name that one once', async () => {
    const namesOf = async (...names: string[]): Promise<string[]> =>
      (await makePlans(names, [], [])).map(({ topology }) => topology.name)
    expect(await namesOf('all')).toEqual(
      (await topologyNames()).flatMap((name) => (name === 'vpn' ? [name, name] : [name])),
    )
    expect(await namesOf('gateway', 'gateway')).toEqual(['gateway'])
  })

  test('hold every check that is neither on demand nor of an upgrade, planned or with the reason why not', async () => {
    const checks = catalogue
    for (const { planned, skipped } of await makePlans(['all'], ['reach.*'], checks)) {
      expect(new Set([...planned, ...skipped].map(({ id }) => id))).toEqual(
        new Set(checks.filter((head) => whyOnDemand(head) === undefined && !head.upgrade).map(({ id }) => id)),
      )
      expect(planned.length).toBeGreaterThan(0)
      expect(planned.filter(({ id }) => !id.startsWith('reach.'))).toEqual([])
    }
  })

  test('are one for each mutual TLS mode that a file names, or for the one that is asked for', async () => {
    const modesOf = async (name: string, mtls?: Mtls): Promise<string[]> =>
      (await makePlans([name], [], [], { mtls })).map(({ topology }) => topology.mtls)
    expect(await modesOf('vpn')).toEqual(['strict', 'off'])
    expect(await modesOf('vpn', 'off')).toEqual(['off'])
    expect(await modesOf('gateway')).toEqual(['strict'])
    expect(await modesOf('gateway', 'off')).toEqual(['off'])
  })

  test('have the root namespace that a file names, or the one that is asked for', async () => {
    const own = join(await scratchFolder(), 'own.yaml')
    await writeFile(
      own,
      (await readFile(threeClusters, 'utf8')).replace(/^clusters:/m, 'istioNamespace: mesh-own\nclusters:'),
    )
    const namespaces = async (name: string, flag?: string): Promise<string[]> =>
      (await makePlans([name], [], [], { istioNamespace: flag })).map(({ topology }) => topology.istioNamespace)
    expect(await namespaces('gateway')).toEqual(['istio-system'])
    expect(await namespaces('gateway', 'mesh-root')).toEqual(['mesh-root'])
    expect(await namespaces(own)).toEqual(['mesh-own'])
    expect(await namespaces(own, 'mesh-root')).toEqual(['mesh-root'])
  })

  test('of a file with options of an operator are for istioctl alone', async () => {
    const own = join(await scratchFolder(), 'own.yaml')
    const operator = { values: { pilot: { env: { PILOT_ENABLE_ALPHA: 'true' } } } }
    await writeFile(own, `${await readFile(threeClusters, 'utf8')}\noperator: ${JSON.stringify(operator)}\n`)
    expect((await makePlans([own], [], []))[0]?.topology.operator).toEqual(operator)
    expect(await errorOf(makePlans(['gateway', own], [], [], { installer: 'helm' }))).toMatchObject({
      code: 'MP-137',
      message: expect.stringContaining(`operator in ${own}`),
    })
    await makePlans(['all'], [], [], { installer: 'helm' })
  })

  test('have gateways of the Gateway API on several networks, and are refused where there are none', async () => {
    const plansOf = (...names: string[]): ReturnType<typeof makePlans> =>
      makePlans(names, [], [], { mtls: 'strict', gateways: 'gateway-api' })
    expect(
      (await plansOf('all')).filter(({ topology }) => topology.gateways).map(({ topology }) => topology.name),
    ).toEqual(['gateway', 'primary-remote', 'multi-primary-multi-network', 'external-control-plane'])
    expect(await errorOf(plansOf('vpn', 'multi-primary'))).toMatchObject({
      code: 'MP-139',
      message: expect.stringContaining('vpn, multi-primary'),
    })
    const [classic] = await makePlans(['gateway'], [], [], { gateways: 'classic' })
    expect(classic?.topology).not.toHaveProperty('gateways')
  })

  test.each(['app1', 'legacy', 'default', 'kube-system', 'metallb-system'])(
    'do not put Istio into %s, where a lab has something else',
    async (name) => {
      expect(await errorOf(makePlans(['gateway'], [], [], { istioNamespace: name }))).toMatchObject({
        code: 'MP-101',
        message: expect.stringContaining(`“${name}”`),
      })
    },
  )

  test('hold the steps and the checks of their own mode', async () => {
    const [strict, off] = await makePlans(['vpn'], [], catalogue)
    expect(
      [strict, off].map((plan) =>
        plan?.steps.filter(({ name }) => name.includes('mutual TLS')).map(({ name }) => name),
      ),
    ).toEqual([['cluster1: mutual TLS required'], ['cluster1: mutual TLS off']])
    expect([strict, off].map((plan) => plan?.planned.some(({ id }) => id === 'mtls.strict'))).toEqual([true, false])
  })

  test('of a topology that does not exist are refused with the nearest', async () => {
    expect(await errorOf(makePlans(['gatway'], [], []))).toMatchObject({
      code: 'MP-101',
      next: expect.stringContaining('“gateway”'),
    })
  })

  test('of all and a name that does not exist are refused', async () => {
    expect(await errorOf(makePlans(['all', 'gatway'], [], []))).toMatchObject({ code: 'MP-101' })
  })
})
