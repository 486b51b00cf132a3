import type { V1Deployment, V1MutatingWebhookConfiguration, V1Namespace } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { revisionProblems, type Revisions } from './preflight-injectors.ts'

const labels = (rev?: string): { labels: Record<string, string> } => ({
  labels: rev === undefined ? {} : { 'istio.io/rev': rev },
})
const istiod = (name: string, rev?: string): V1Deployment => ({ metadata: { name, ...labels(rev) } })
const namespace = (name: string, namespaceLabels: Record<string, string>): V1Namespace => ({
  metadata: { name, labels: namespaceLabels },
})

/** An injector as Istio’s charts make it: one webhook by the namespace’s label, one by the pod’s. */
const injector = (
  name: string,
  rev: string | undefined,
  namespaceLabels: { key: string; operator: string; values?: string[] }[],
): V1MutatingWebhookConfiguration => ({
  metadata: { name, ...labels(rev) },
  webhooks: [
    {
      name: 'namespace',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: {},
      namespaceSelector: { matchExpressions: namespaceLabels },
      objectSelector: { matchExpressions: [{ key: 'sidecar.istio.io/inject', operator: 'NotIn', values: ['false'] }] },
    },
    {
      name: 'object',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: {},
      namespaceSelector: {},
      objectSelector: { matchLabels: { 'sidecar.istio.io/inject': 'true' } },
    },
  ],
})
const byDefault = injector('istio-sidecar-injector', 'default', [
  { key: 'istio-injection', operator: 'In', values: ['enabled'] },
])
const byRevision = (rev: string): V1MutatingWebhookConfiguration =>
  injector(`istio-sidecar-injector-${rev}`, rev, [
    { key: 'istio.io/rev', operator: 'In', values: [rev] },
    { key: 'istio-injection', operator: 'DoesNotExist' },
  ])

const problems = (more: Partial<Revisions>, revision = 'new'): string[] =>
  revisionProblems(
    {
      cluster: 'cluster1',
      istiods: [istiod('istiod')],
      injectors: [byDefault],
      namespaces: [namespace('app1', { 'istio-injection': 'enabled' }), namespace('plain', {})],
      ...more,
    },
    revision,
  ).map(({ code, where }) => `${code} ${where ?? ''}`)

describe('revisions', () => {
  test('one control plane and its injector are in nobody’s way', () => {
    expect(problems({})).toEqual([])
  })

  test('the name of the new one is given to a control plane or an injector already', () => {
    expect(problems({ istiods: [istiod('istiod'), istiod('istiod-new', 'new')] })).toEqual([
      'MP-158 cluster1: istiod-new',
    ])
    expect(problems({ injectors: [byDefault, byRevision('new')] })).toEqual([
      'MP-158 cluster1: istio-sidecar-injector-new',
    ])
  })

  test('two control planes are there before anything began, whatever the strategy', () => {
    const istiods = [istiod('istiod'), istiod('istiod-other', 'other')]
    expect(problems({ istiods }, 'new')).toEqual(['MP-158 cluster1: istiod, istiod-other'])
    expect(problems({ istiods }, '')).toEqual(['MP-158 cluster1: istiod, istiod-other'])
  })

  test('in place nothing gets a new name: the default’s own is not taken', () => {
    expect(problems({ istiods: [istiod('istiod', 'default')] }, '')).toEqual([])
  })
})

describe('a namespace', () => {
  const injectorsOfTwoRevisions = [
    byDefault,
    injector('istio-revision-tag-default', 'other', [{ key: 'istio-injection', operator: 'In', values: ['enabled'] }]),
  ]

  test('is claimed by injectors of two revisions', () => {
    expect(problems({ injectors: injectorsOfTwoRevisions })).toEqual([
      'MP-159 cluster1, namespace app1: istio-sidecar-injector, istio-revision-tag-default',
    ])
  })

  test('is not contested by two injectors of one revision: a tag and what it stands for', () => {
    expect(
      problems({
        injectors: [
          byDefault,
          injector('istio-revision-tag-default', 'default', [
            { key: 'istio-injection', operator: 'In', values: ['enabled'] },
          ]),
        ],
      }),
    ).toEqual([])
  })

  test('with the label of one revision is left to it by the others', () => {
    expect(
      problems({
        injectors: [byDefault, byRevision('other')],
        namespaces: [
          namespace('one', { 'istio-injection': 'enabled' }),
          namespace('two', { 'istio.io/rev': 'other' }),
          namespace('injectorsOfTwoRevisions', { 'istio-injection': 'enabled', 'istio.io/rev': 'other' }),
        ],
      }),
    ).toEqual([])
  })

  test('is claimed by whoever injects what has no label against it', () => {
    const everywhere = injector('everywhere', 'other', [
      { key: 'istio-injection', operator: 'NotIn', values: ['disabled'] },
      { key: 'kubernetes.io/metadata.name', operator: 'Exists' },
    ])
    const namespaces = [
      namespace('app1', { 'istio-injection': 'enabled', 'kubernetes.io/metadata.name': 'app1' }),
      namespace('off', { 'istio-injection': 'disabled', 'kubernetes.io/metadata.name': 'off' }),
      namespace('nameless', { 'istio-injection': 'enabled' }),
    ]
    expect(problems({ injectors: [byDefault, everywhere], namespaces })).toEqual([
      'MP-159 cluster1, namespace app1: istio-sidecar-injector, everywhere',
    ])
  })
})
