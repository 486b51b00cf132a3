import { expect, test } from 'vitest'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { measurePace, tooSlowAt } from './pace.ts'

test('a command that is refused at once says nothing about the pace', async () => {
  // This API server runs no commands.
  const { kube } = (await apiServerOf([])).cluster('context1')
  const container = { namespace: 'shop', pod: 'client-1', container: 'istio-proxy' }
  expect(await measurePace(kube, container, ['true'])).toBeUndefined()
})

test('what was seen counts below two seconds, and where no pace could be measured', () => {
  expect(tooSlowAt(undefined, 'shop/client-1', 'no answer')).toBeUndefined()
  expect(tooSlowAt(1.99, 'shop/client-1', 'no answer')).toBeUndefined()
  expect(tooSlowAt(2, 'shop/client-1', '192.0.2.1:15443: i/o timeout')).toMatchObject({
    code: 'MP-602',
    message:
      'Too slow for a verdict: a command that does nothing took 2.0 s in shop/client-1: this may only be late ' +
      '(192.0.2.1:15443: i/o timeout)',
  })
})
