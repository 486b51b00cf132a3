import { expect, test } from 'vitest'
import type { KubeconfigFile } from './kubeconfig-files.ts'
import { kubeconfigFor } from './kubeconfig-order.ts'

/** A kubeconfig whose one context is of the cluster `kubernetes` and this user. */
const file = (path: string, context: string, user: object = { token: 'x' }): KubeconfigFile => ({
  path,
  content: {
    contexts: [{ name: context, context: { cluster: 'kubernetes', user: 'admin' } }],
    clusters: [{ name: 'kubernetes', cluster: { server: `https://${path}` } }],
    users: [{ name: 'admin', user }],
  },
})

test('the file that has the context goes first, so that its cluster and user count', () => {
  const files = [file('a', 'east'), file('b', 'west'), file('c', 'north')]
  expect(kubeconfigFor(files, 'east')).toEqual({ kubeconfig: 'a:b:c' })
  expect(kubeconfigFor(files, 'west')).toEqual({ kubeconfig: 'b:a:c' })
  expect(kubeconfigFor(files, 'south')).toEqual({ refused: expect.stringContaining('south') })
})

test('a context that impersonates is refused: istioctl would act as the user without it', () => {
  const files = [file('a', 'east', { token: 'x', as: 'reader' }), file('b', 'west')]
  expect(kubeconfigFor(files, 'east')).toEqual({ refused: expect.stringContaining('impersonates') })
  expect(kubeconfigFor(files, 'west')).toEqual({ kubeconfig: 'b:a' })
})
