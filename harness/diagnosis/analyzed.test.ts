import { expect, test } from 'vitest'
import type { AnalyzeMessage } from '#probes/analyze.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import { withAnalyzed } from './analyzed.ts'
import type { Finding } from './layer.ts'
import type { MeshService } from './shared-services.ts'

const primary = { name: 'east', context: 'ctx-east' } as SurveyedCluster

const said = (code: string, origin: string, message = 'words', level = 'Error'): AnalyzeMessage => ({
  code,
  level,
  message,
  origin,
  primary,
})

const found: Finding = {
  code: 'MP-991',
  where: 'cart.shop.svc.cluster.local for east',
  evidence: ['VirtualService shop/cart leads to subset v9'],
  fix: '',
}

const layers = (routes: Finding[]): { layer: MeshLayer; findings: Finding[] }[] => [
  { layer: 'control', findings: [] },
  { layer: 'route', findings: routes },
]

const cart = { namespace: 'shop', name: 'cart', host: 'cart.shop.svc.cluster.local' } as MeshService

test('a message about the object of a finding is its evidence, and no finding of its own', () => {
  const [, route] = withAnalyzed(layers([found]), [said('IST0101', 'VirtualService shop/cart', 'no subset')], [])
  expect(route?.findings).toEqual([{ ...found, evidence: [...found.evidence, 'istioctl analyze: IST0101 no subset'] }])
})

test('an error about another object is a warning in its layer, one for each object', () => {
  const [control, route] = withAnalyzed(
    layers([]),
    [
      said('IST0139', 'ValidatingWebhookConfiguration hook'),
      said('IST0101', 'VirtualService shop/cart', 'one'),
      said('IST0132', 'VirtualService shop/cart', 'two'),
    ],
    [],
  )
  expect(control?.findings).toMatchObject([{ code: 'MP-996', where: 'east ValidatingWebhookConfiguration hook' }])
  expect(route?.findings).toMatchObject([
    { code: 'MP-996', evidence: ['istioctl analyze: IST0101 one', 'istioctl analyze: IST0132 two'] },
  ])
})

test.each([
  ['a warning that no finding is about', said('IST0132', 'VirtualService shop/cart', 'words', 'Warning')],
  ['what every mesh of several clusters gets', said('IST0126', 'MeshNetworks istio-system/meshnetworks')],
  [
    'a host that another cluster has',
    said('IST0101', 'VirtualService shop/cart', 'Referenced host not found: "cart.shop.svc.cluster.local"'),
  ],
])('%s is left out', (_what, message) => {
  expect(withAnalyzed(layers([]), [message], [cart])).toEqual(layers([]))
})

test('what it says is shown in one line, without control characters', () => {
  const [, route] = withAnalyzed(layers([]), [said('IST0101', 'Gateway shop/x', 'a\u001b[31m\nb')], [])
  expect(JSON.stringify(route?.findings[0]?.evidence)).not.toMatch(/\\u001b|\\n/)
})
