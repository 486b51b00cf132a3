import { expect, test } from 'vitest'
import { injectorOf } from './revision.ts'

test.each([
  [{ istioNamespace: 'istio-system' }, 'istio-sidecar-injector'],
  [{ istioNamespace: 'istio-system', revision: 'lab-b' }, 'istio-sidecar-injector-lab-b'],
  [{ istioNamespace: 'mesh-root' }, 'istio-sidecar-injector-mesh-root'],
  [{ istioNamespace: 'mesh-root', revision: 'lab-b' }, 'istio-sidecar-injector-lab-b-mesh-root'],
])('the injector of %j is called %s', (of, name) => {
  expect(injectorOf(of)).toBe(name)
})
