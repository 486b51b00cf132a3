import { expect, test } from 'vitest'
import { unsupportedPair } from './supported-pairs.ts'

test.each([
  ['1.28.3', '1.34.11', undefined],
  ['1.28.3', 'v1.35.0', 'Istio 1.28.3 supports Kubernetes 1.30 to 1.34'],
  ['1.30', '1.31', 'Istio 1.30 supports Kubernetes 1.32 to 1.36'],
  ['1.31-dev', 'v1.36.1', undefined],
  ['1.30', '1.36', undefined],
  ['1.30', 'v1.37.0', 'Istio 1.30 supports Kubernetes 1.32 to 1.36'],
  ['1.31', '1.32', undefined],
  ['1.31', '1.37', 'Istio 1.31 supports Kubernetes 1.32 to 1.36'],
  ['1.20.0', '1.34.4', undefined], // nothing is known of it
])('Istio %s on Kubernetes %s: %s', (istio, kubernetes, why) => {
  const refused = unsupportedPair(istio, kubernetes)
  if (why === undefined) expect(refused).toBeUndefined()
  else expect(refused).toMatchObject({ code: 'MP-153', message: expect.stringContaining(why) })
})

test('the refusal names versions that would do', () => {
  expect(unsupportedPair('1.30.4', '1.31.2')?.next).toBe(
    'Choose one of these with --kubernetes, or Istio 1.28, 1.29 with --istio.',
  )
})
