import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { admissionTo, type Admission } from './new-namespace.ts'

/** What a namespace needs in a mesh whose control plane’s cluster has these objects. */
const admission = async (...more: Manifest[]): Promise<Admission> =>
  admissionTo(await surveyOf({ more }, { role: 'remote' }))

describe('labels', () => {
  const selecting = (...discoverySelectors: object[]): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: JSON.stringify({ discoverySelectors }) },
  })
  const expressed = (operator: string, ...values: string[]): object => ({
    matchExpressions: [{ key: 'team', operator, ...(values.length > 0 ? { values } : {}) }],
  })

  test.each<[string, object[], Record<string, string>]>([
    ['none where every namespace is followed', [], {}],
    ['those of a selector', [{ matchLabels: { 'istio-discovery': 'enabled' } }], { 'istio-discovery': 'enabled' }],
    ['one of several values', [expressed('In', 'shop', 'bank')], { team: 'shop' }],
    ['any value', [expressed('Exists')], { team: 'true' }],
    ['none where a selector leaves out others alone', [expressed('NotIn', 'legacy')], {}],
    [
      'those of the first selector that a namespace of another name can have',
      [{ matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, { matchLabels: { mesh: 'on' } }],
      { mesh: 'on' },
    ],
  ])('%s', async (_, selectors, labels) => {
    expect((await admission(selecting(...selectors))).labels).toEqual(labels)
  })
})

describe('an allowance', () => {
  const policy = (namespace: string, spec: object): Manifest => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'it', namespace },
    spec,
  })

  test.each<[string, Manifest[], boolean]>([
    ['where nothing is refused', [], false],
    ['where the whole mesh allows nothing by itself', [policy('istio-system', {})], true],
    ['where the whole mesh denies some paths', [policy('istio-system', { action: 'DENY', rules: [{}] })], false],
    [
      'where a policy is for gateways alone',
      [policy('istio-system', { selector: { matchLabels: { app: 'gw' } } })],
      false,
    ],
    ['where another namespace allows nothing', [policy('shop', {})], false],
  ])('%s', async (_, policies, needed) => {
    expect((await admission(...policies)).needsAllowance).toBe(needed)
  })
})
