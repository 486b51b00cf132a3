import type { V1ConfigMap } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Lab } from '#lab/lab.ts'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { includes, requireInterception } from './interception.ts'

test.each<[string, string, boolean]>([
  ['*', '10.20.0.0/16', true],
  ['10.20.0.0/16', '10.20.0.0/16', true],
  ['10.0.0.0/8', '10.20.0.0/16', true],
  ['0.0.0.0/0', '10.20.0.0/16', true],
  ['10.10.0.0/16, 10.20.0.0/16', '10.20.0.0/16', true],
  ['10.20.0.0/17', '10.20.0.0/16', false],
  ['10.21.0.0/16', '10.20.0.0/16', false],
  ['10.10.0.0/16,10.30.0.0/16', '10.20.0.0/16', false],
  ['fd00::/8,10.20.0.0/16', '10.20.0.0/16', true],
  ['fd00::/8', '10.20.0.0/16', false],
  ['', '10.20.0.0/16', false],
])('“%s” holds %s whole: %s', (list, range, expected) => {
  expect(includes(list, range)).toBe(expected)
})

/** A lab whose injector is configured to intercept these ranges. */
const intercepting = async (includeIPRanges: string): Promise<Lab> => {
  await emptyCache()
  const lab = await idleLab('vpn')
  const injector: V1ConfigMap & Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio-sidecar-injector', namespace: 'istio-system' },
    data: { values: JSON.stringify({ global: { proxy: { includeIPRanges, image: 'proxyv2' } } }) },
  }
  Object.defineProperty(lab.primary, 'kube', { value: fakeKube(injector) })
  return lab
}

describe('interception of every range', () => {
  test.each([['*'], ['10.10.0.0/16,10.20.0.0/16,10.251.0.0/16,10.252.0.0/16'], ['10.0.0.0/8']])(
    'is there with %s',
    async (included) => {
      await expect(requireInterception(await intercepting(included))).resolves.toBeUndefined()
    },
  )

  test.each<[string, string[]]>([
    ['10.10.0.0/16,10.251.0.0/16', ['10.20.0.0/16', '10.252.0.0/16']],
    ['10.10.0.0/16,10.20.0.0/16,10.251.0.0/16', ['10.252.0.0/16']],
    ['', ['10.10.0.0/16', '10.251.0.0/16', '10.20.0.0/16', '10.252.0.0/16']],
  ])('is not there with “%s”, and the ranges left out are named', async (included, missing) => {
    expect(await errorOf(requireInterception(await intercepting(included)))).toMatchObject({
      code: 'MP-511',
      message: expect.stringContaining(`(${missing.join(', ')}, beside ${included || 'nothing that could be read'})`),
    })
  })
})
