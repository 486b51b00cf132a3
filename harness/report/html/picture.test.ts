import { describe, expect, test } from 'vitest'
import { catalogue } from '#run/catalogue.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { checkResult, topologyResult } from '#testing/results.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import type { CheckResult, TopologyResult, Verdict } from '#results/results.ts'
import { breakingPoint } from './breaking-point.ts'
import { crossingsOf } from './crossings.ts'
import { layoutOf, type Box } from './layout.ts'
import { picture } from './picture.ts'

const attempts = [
  { startedAt: '2026-01-01T00:00:00.000Z', seconds: 1, verdict: 'pass' as const, reason: '', evidence: [] },
]
const asked = (from: string[], to: string[], verdict: Verdict = 'pass', id = 'reach.both-versions'): CheckResult =>
  checkResult({ id, from, to, verdict, attempts })
const clusters = (...networks: string[]): TopologyResult['clusters'] =>
  networks.map((network, index) => ({ name: `cluster${index + 1}`, role: index === 0 ? 'primary' : 'remote', network }))

describe('an arrow', () => {
  test('is as bad as the worst check that went its way, and only its way', () => {
    const checks = [
      asked(['cluster1'], ['cluster1', 'cluster2'], 'fail'),
      asked(['cluster1'], ['cluster2']),
      asked(['cluster2'], ['cluster1'], 'flaky'),
    ]
    expect(
      crossingsOf({ clusters: clusters('a', 'b'), checks }).map(({ from, verdict, asked: { length } }) => [
        from,
        verdict,
        length,
      ]),
    ).toEqual([
      ['cluster1', 'fail', 2],
      ['cluster2', 'flaky', 1],
    ])
  })

  test('is not coloured by what was asked of the whole mesh, of a cluster itself, or not at all', () => {
    const checks = [
      asked(['cluster1', 'cluster2'], ['cluster1', 'cluster2'], 'fail'),
      asked(['cluster1'], ['cluster1'], 'fail'),
      { ...asked(['cluster1'], ['cluster2'], 'not-run'), attempts: [] },
    ]
    expect(crossingsOf({ clusters: clusters('a', 'b'), checks }).map(({ verdict }) => verdict)).toEqual([
      'none',
      'none',
    ])
  })

  test('says in words what its colour says, and names what failed', () => {
    const { markup } = picture(
      topologyResult([
        asked(['cluster1'], ['cluster2'], 'fail', 'net.gateway-open'),
        asked(['cluster1'], ['cluster2']),
        asked(['cluster1', 'cluster2'], ['cluster1', 'cluster2'], 'fail', 'reach.path'),
      ]),
    )
    expect(markup).toMatch(/class="arrow fail".*✗ 1 of 2 failed.*net\.gateway-open.*class="arrow none".*not asked/s)
    expect(markup).toContain('Checks of the whole mesh belong to no arrow: 1 failed: reach.path.')
  })
})

test('a config cluster says where its istiod runs, and that cluster whose istiod it has', () => {
  const external: TopologyResult['clusters'] = [
    { name: 'cluster1', role: 'remote', network: 'a' },
    { name: 'cluster2', role: 'primary', network: 'b', istiodIn: 'cluster1' },
  ]
  const rolesOf = (shown: TopologyResult['clusters']): string[] =>
    [...picture({ ...topologyResult([]), clusters: shown }).markup.matchAll(/class="role"[^>]*>(.*?)</g)].map(
      ([, words = '']) => words,
    )
  expect(rolesOf(external)).toEqual(['remote · istiod of cluster2', 'config cluster · istiod in cluster1'])
  expect(rolesOf([...external, { name: 'cluster3', role: 'remote', network: 'a' }])).toEqual([
    'remote · istiod',
    'remote',
    'config cluster · istiod in cluster1',
  ])
})

describe('the label of an arrow', () => {
  const labelOf = (checks: CheckResult[]): { lines: string[]; title: string | undefined } => {
    const [found] = picture(topologyResult(checks)).markup.match(/<g class="arrow.*?<\/g>/s) ?? ['']
    return {
      lines: [...found.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, line = '']) => line),
      title: /<title>(.*?)<\/title>/.exec(found)?.[1],
    }
  }

  test('is not wider than the room beside the arrow, whatever check it names', () => {
    for (const { id } of catalogue) {
      const { lines, title } = labelOf([asked(['cluster1'], ['cluster2'], 'fail', id)])
      expect(lines.filter((line) => line.length > 16)).toEqual([])
      expect(lines.slice(1).join('')).toBe(id)
      expect(title).toBe(`cluster1 → cluster2: ✗ 1 failed: ${id}`)
    }
  })

  test('breaks at a space, a dot or a hyphen, and cuts a longer word', () => {
    const gateway = asked(['cluster1'], ['cluster2'], 'flaky', 'mtls.gateway-refuses-certless')
    expect(labelOf([gateway, asked(['cluster1'], ['cluster2'])])).toEqual({
      lines: ['~ 1 of 2 passed', 'on retry', 'mtls.gateway-', 'refuses-certless'],
      title: 'cluster1 → cluster2: ~ 1 of 2 passed on retry: mtls.gateway-refuses-certless',
    })
    expect(labelOf([asked(['cluster1'], ['cluster2'], 'fail', 'x'.repeat(30))]).lines).toEqual([
      '✗ 1 failed',
      `${'x'.repeat(15)}…`,
    ])
  })
})

test('an arrow of what passed on retry does not say so of all that went its way', () => {
  expect(
    picture(topologyResult([asked(['cluster1'], ['cluster2'], 'flaky'), asked(['cluster1'], ['cluster2'])])).markup,
  ).toContain('~ 1 of 2 passed on retry')
})

describe('the place where it breaks', () => {
  const brokenAt = (
    where: string,
    layer: MeshLayer = 'gateways',
    networks: string[] = ['network1', 'network2'],
  ): TopologyResult => {
    const finding = { layer, code: 'MP-887', where } as const
    return topologyResult([asked(['cluster1'], ['cluster2'], 'fail')], {
      clusters: clusters(...networks),
      diagnosis: diagnosisWith([finding], finding),
    })
  }
  const threeNetworks = ['network1', 'network2', 'network3']

  test.each<[string, MeshLayer, string[], string[]]>([
    ['cluster2 istio-system/istio-eastwestgateway', 'gateways', threeNetworks, ['gateway', 'cluster2']],
    ['network2', 'gateways', threeNetworks, ['gateway', 'cluster2']],
    ['cluster1 network2', 'gateways', threeNetworks, ['gateway', 'cluster2']],
    ['cluster1 → 172.18.0.5:15443', 'gateways', ['network1', 'network2'], ['gateway', 'cluster2']],
    ['cluster1 → 172.18.0.5:15443', 'gateways', threeNetworks, ['gateway', 'cluster1']],
    ['cluster1 → 10.0.0.5:5000', 'gateways', ['network1', 'network1'], ['cluster', 'cluster2']],
    ['web.shop.svc.cluster.local in cluster2', 'server', ['network1', 'network2'], ['cluster', 'cluster2']],
    ['cluster1 → cluster2', 'requests', threeNetworks, ['cluster', 'cluster2']],
    ['cluster1, cluster2', 'ranges', ['network1', 'network1'], ['cluster', 'cluster1', 'cluster2']],
  ])('that %s names in layer %s of networks %j is %j', (where, layer, networks, [part, ...names]) => {
    expect(breakingPoint(brokenAt(where, layer, networks))).toMatchObject({ part, clusters: names })
  })

  test('is marked, and said below the picture and in its name', () => {
    const { markup } = picture(brokenAt('cluster2 istio-system/gateway'))
    const words = 'It breaks at the gateway of cluster2: a gateway has no ready pod behind its service (MP-887)'
    expect(markup.match(/class="broken"/g)).toHaveLength(1)
    expect(markup).toContain(`<g class="broken"><title>${words}</title>`)
    expect(markup).toContain(`</span> ${words}.</p>`)
    expect(markup).toContain('aria-labelledby="gateway-strict--picture gateway-strict--broken gateway-strict--cross')
  })

  test('is not marked where the cause names no cluster, or where nothing failed', () => {
    expect(picture(brokenAt('web.shop.svc.cluster.local', 'services')).markup).not.toContain('class="broken"')
    const green = { ...brokenAt('cluster2'), checks: [asked(['cluster1'], ['cluster2'])] }
    expect(picture(green).markup).not.toContain('class="broken"')
  })
})

describe('gateways', () => {
  test.each([
    [['a', 'b'], 2],
    [['a', 'a'], 0],
  ])('are drawn where clusters are on networks %j', (networks, count) => {
    expect(
      picture(topologyResult([], { clusters: clusters(...networks) })).markup.match(/class="gate"/g) ?? [],
    ).toHaveLength(count)
  })
})

describe('a layout', () => {
  const apart = (first: Box, second: Box): boolean =>
    first.x + first.width <= second.x ||
    second.x + second.width <= first.x ||
    first.y + first.height <= second.y ||
    second.y + second.height <= first.y
  const overlaps = (boxes: readonly Box[]): Box[] =>
    boxes.filter((first, index) => boxes.slice(index + 1).some((second) => !apart(first, second)))
  const within = (inner: Box, outer: Box): boolean =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height

  test.each([
    [['a']],
    [['a', 'a']],
    [['a', 'b']],
    [['a', 'a', 'a']],
    [['a', 'a', 'b']],
    [['a', 'b', 'b']],
    [['a', 'b', 'a']],
    [['a', 'b', 'c']],
    [['a', 'b', 'b', 'b']],
    [['a', 'a', 'b', 'b']],
    [['a', 'a', 'a', 'a']],
    [['a', 'b', 'c', 'd']],
    [['a', 'b', 'a', 'b', 'c', 'a']],
  ])('of %j keeps clusters apart, each within its own network, all within the picture', (networks) => {
    const { clusters: placed, networks: frames, ...size } = layoutOf(clusters(...networks))
    expect(placed).toHaveLength(networks.length)
    expect(overlaps(placed)).toEqual([])
    expect(overlaps(frames)).toEqual([])
    expect(placed.map((box) => frames.filter((frame) => within(box, frame)).map(({ name }) => name))).toEqual(
      placed.map(({ cluster }) => [cluster.network]),
    )
    expect([...placed, ...frames].filter((box) => !within(box, { x: 0, y: 0, ...size }))).toEqual([])
  })
})
