import { expect, test } from 'vitest'
import { namesHost } from './host-pattern.ts'

const host = 'helloworld.app1.svc.cluster.local'

test.each(['*', '*.local', '*.app1.svc.cluster.local', host])('%s names helloworld', (pattern) => {
  expect(namesHost(pattern, host)).toBe(true)
})

test.each(['', 'helloworld', '*.app2.svc.cluster.local', '*world.app1.svc.cluster.local', `*.${host}`, '*.'])(
  '%s does not name helloworld',
  (pattern) => {
    expect(namesHost(pattern, host)).toBe(false)
  },
)
