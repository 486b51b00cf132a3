import { expect, test } from 'vitest'
import { injectorOf } from './revision.ts'

test.each([
  [{ istioNamespace: 'istio-system' }, 'istio-sidecar-injector'],
  [{ istioNamespace: 'istio-system', revision: '1-31-dev' }, 'istio-sidecar-injector-1-31-dev'],
  [{ istioNamespace: 'mesh-root' }, 'istio-sidecar-injector-mesh-root'],
  [{ istioNamespace: 'mesh-root', revision: '1-31-dev' }, 'istio-sidecar-injector-1-31-dev-mesh-root'],
])('the injector of %j is called %s', (of, name) => {
  expect(injectorOf(of)).toBe(name)
})
