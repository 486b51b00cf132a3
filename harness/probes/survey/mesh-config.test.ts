import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { injectorMapOf, meshConfigOf } from './mesh-config.ts'
import { readsOf } from './reads.ts'

const istiod = (revision?: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: revision === undefined ? 'istiod' : `istiod-${revision}`,
    namespace: 'istio-system',
    labels: { app: 'istiod', ...(revision === undefined ? {} : { 'istio.io/rev': revision }) },
  },
})
const map = (name: string, trustDomain: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'istio-system' },
  data: { mesh: `trustDomain: ${trustDomain}`, values: '{}' },
})
const domainOf = async (...objects: Manifest[]): Promise<unknown> =>
  (await meshConfigOf(readsOf(fakeKube(...objects)))).trustDomain

test('the config of a mesh is that of the control plane that runs', async () => {
  expect(await domainOf(istiod(), map('istio', 'own'))).toBe('own')
  expect(await domainOf(istiod('default'), map('istio', 'own'))).toBe('own')
  expect(await domainOf(istiod('1-25'), map('istio', 'of-old'), map('istio-1-25', 'own'))).toBe('own')
  expect(await domainOf(istiod('1-25'), map('istio', 'shared'))).toBe('shared')
  expect(await domainOf(map('istio', 'of-a-remote'))).toBe('of-a-remote')
  expect(await domainOf(istiod('1-25'))).toBeUndefined()
})

test('so are the values of its injector', async () => {
  const old = map('istio-sidecar-injector', '')
  const reads = readsOf(fakeKube(istiod('1-25'), old, map('istio-sidecar-injector-1-25', '')))
  expect((await injectorMapOf(reads))?.metadata?.name).toBe('istio-sidecar-injector-1-25')
})
