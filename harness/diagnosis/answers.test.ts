import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { AccessLine } from '#probes/envoy.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { addAnswers } from './answers.ts'
import type { Finding, Judged } from './layer.ts'
import type { RequestAccount } from './request-account.ts'

const host = 'cart.shop.svc.cluster.local'

const pod = (app: string, address: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${app}-1`, namespace: 'shop', labels: { app } },
  spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
  status: { phase: 'Running', podIP: address, conditions: [{ type: 'Ready', status: 'True' }] },
})

const line = (details: string, status = 503, path = '/hello?asked=1'): AccessLine => ({
  details,
  status,
  path,
  start: '2026-01-01T00:00:00Z',
})

/** What a client of the first cluster was answered, by its own proxy and by that of the server in the second. */
const account = (client: AccessLine[], server: AccessLine[] = [], answered = 1): RequestAccount => ({
  from: 'cluster1',
  host,
  path: '/hello',
  answered,
  client: { namespace: 'shop', selector: 'app=client', lines: client },
  servers: [{ cluster: 'cluster2', namespace: 'shop', selector: 'app=cart', lines: server }],
})

const layers = ['services', 'interception', 'route', 'server'] as const

/** What an account adds to layers in which nothing was found, or only `found`. */
const shown = async (
  asked: RequestAccount,
  more: Manifest[] = [],
  found: Finding[] = [],
): Promise<{ layer: string; finding: Finding }[]> => {
  const mesh = await surveyOf(
    { more: [pod('client', '10.1.0.9'), ...more] },
    { more: [pod('cart', '10.2.0.9'), ...more] },
  )
  const judged = layers.map((layer): Judged => ({ layer, seen: 'fine', findings: layer === 'route' ? found : [] }))
  return (await addAnswers(judged, mesh, [asked])).flatMap((look) =>
    'unseen' in look ? [] : look.findings.map((finding) => ({ layer: look.layer, finding })),
  )
}

const served = line('via_upstream', 200)

describe('what the client’s own proxy writes', () => {
  test.each([
    ['route_not_found', 'route', 'MP-997'],
    ['response_timeout', 'route', 'MP-998'],
    ['upstream_reset_before_response_started{overflow}', 'route', 'MP-998'],
    ['fault_filter_abort', 'route', 'MP-992'],
    ['direct_response', 'route', 'MP-994'],
    ['upstream_reset_before_response_started{protocol_error}', 'services', 'MP-918'],
    ['lua_response', 'interception', 'MP-984'],
  ])('%s ends a request in layer %s: %s', async (details, layer, code) => {
    const [first, ...others] = await shown(account([served, line(details)]))
    expect(others).toEqual([])
    expect(first).toMatchObject({ layer, finding: { code, where: `${host} for clients of cluster1` } })
    expect(first?.finding.evidence.join('\n')).toContain(`shop/client-1 says why: ${details}`)
    expect(first?.finding.clusters).toEqual(['cluster1'])
  })

  test('is no finding where all went well, or where a lower layer knows the reason', async () => {
    expect(await shown(account([served], [served]))).toEqual([])
    expect(await shown(account([line('no_healthy_upstream')]))).toEqual([])
  })
})

describe('what the server’s proxy writes', () => {
  test.each([
    ['rbac_access_denied_matched_policy[none]', 'MP-905', 'no AuthorizationPolicy'],
    ['rbac_access_denied_matched_policy[ns[shop]-policy[paths]-rule[0]]', 'MP-905', 'AuthorizationPolicy shop/paths'],
    ['jwt_authn_access_denied{Jwt_is_missing}', 'MP-905', 'RequestAuthentication'],
    ['local_rate_limited', 'MP-909', undefined],
    ['downstream_remote_disconnect', 'MP-904', 'does not answer'],
    ['via_upstream', 'MP-904', undefined],
  ])('%s is %s', async (details, code, cause) => {
    const [first] = await shown(account([line('via_upstream')], [line(details)]))
    expect(first).toMatchObject({ layer: 'server', finding: { code, where: `${host} in cluster2` } })
    expect(first?.finding.cause ?? '').toContain(cause ?? '')
  })

  test('shows a path that the client did not send', async () => {
    const [first] = await shown(account([line('via_upstream', 404)], [line('via_upstream', 404, '/nowhere')]))
    expect(first?.finding.evidence).toContain('the server was asked for /nowhere: a route rewrites it')
  })

  test('leads to the filters that select the server, the newest first', async () => {
    const filter = (name: string, app: string, created: string): Manifest => ({
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name, namespace: 'shop', creationTimestamp: new Date(created) },
      spec: { workloadSelector: { labels: { app } } },
    })
    const [first] = await shown(account([line('via_upstream', 429)], [line('local_rate_limited', 429)]), [
      filter('old', 'cart', '2026-01-01'),
      filter('new', 'cart', '2026-02-01'),
      filter('other', 'web', '2026-03-01'),
    ])
    expect(first?.finding.evidence.at(-1)).toBe('EnvoyFilters that select it, the newest first: shop/new, shop/old')
  })
})

test('a client whose proxy sees none of its requests goes around it, answered or refused as plaintext', async () => {
  for (const asked of [account([], [served], 12), account([], [line('filter_chain_not_found', 0)], 0)])
    expect(await shown(asked)).toMatchObject([{ layer: 'interception', finding: { code: 'MP-981' } }])
  expect(await shown(account([], [], 0))).toEqual([])
})

test('a layer that knows a finding of that code keeps its own', async () => {
  const own: Finding = { code: 'MP-997', where: 'elsewhere', evidence: [], fix: '' }
  expect(await shown(account([line('route_not_found')]), [], [own])).toEqual([{ layer: 'route', finding: own }])
})
