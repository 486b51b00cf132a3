import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { starvedIstiod } from './starved-istiod.ts'

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const podOf = (namespace: string, name: string, container: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: namespace === 'shop' ? {} : { app: 'istiod' } },
  spec: { containers: [container] },
  status: ready,
})
const sidecar = podOf('shop', 'cart-1', { name: 'istio-proxy', args: ['proxy', 'sidecar'] })

test.each<[string, string | undefined, Record<string, number | undefined>, string[]]>([
  ['in which alone a command is late', '20m', { istiod: 4, cart: 0.1 }, ['MP-848']],
  ['in which a command is late as everywhere', '20m', { istiod: 4, cart: 5 }, []],
  ['in which a command is soon done', '100m', { istiod: 0.4, cart: 0.1 }, []],
  ['in which no command can be run', '20m', { cart: 0.1 }, []],
  ['without a limit', undefined, { istiod: 4, cart: 0.1 }, []],
])('istiod %s', async (_what, cpu, paces, codes) => {
  const istiod = podOf('istio-system', 'istiod-1', {
    name: 'discovery',
    ...(cpu === undefined ? {} : { resources: { limits: { cpu } } }),
  })
  const mesh = await surveyOf({ more: [istiod, sidecar] }, {})
  const [cluster] = mesh.clusters
  const asked: string[][] = []
  const found = await starvedIstiod(cluster!, await cluster!.reads.istiodPods(), (_kube, { pod }, command) => {
    asked.push([pod, ...command])
    return Promise.resolve(paces[pod.split('-')[0]!])
  })
  expect(found.map(({ code }) => code)).toEqual(codes)
  if (codes.length === 0) return
  expect(asked).toEqual([
    ['istiod-1', 'pilot-discovery', 'version'],
    ['cart-1', 'pilot-agent', 'version'],
  ])
  expect(found[0]).toMatchObject({
    where: 'cluster1 istiod',
    evidence: [
      'the limit of its pod istiod-1 is 0.02 of a processor',
      'a command that does nothing took 4.0 s in it, and 0.1 s in shop/cart-1',
    ],
  })
})
