import { expect, test } from 'vitest'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { controlPlaneOf, gatewayOf, remoteOf } from './installation.ts'
import { operatorOf } from './operator.ts'

test('every install is one of the root namespace, and so is the gateway', async () => {
  const lab = await idleLab({ ...(await variant('gateway')), istioNamespace: 'mesh-root' })
  const { primary } = lab
  for (const spec of [
    operatorOf(controlPlaneOf(primary, lab, {})),
    operatorOf(remoteOf(primary, lab, '')),
    operatorOf(gatewayOf(primary, lab, true)),
  ])
    expect(spec).toMatchObject({ values: { global: { istioNamespace: 'mesh-root' } } })
  expect(operatorOf(gatewayOf(primary, lab, true))).toMatchObject({
    components: { ingressGateways: [{ name: 'istio-eastwestgateway', namespace: 'mesh-root' }] },
  })
})

test('options of a topology file go over those of its control planes, and leave the others', async () => {
  const lab = await idleLab({
    ...(await variant('gateway')),
    operator: { components: { pilot: { k8s: { replicaCount: 2 } } }, values: { pilot: { env: { A: '1' } } } },
  })
  const plain = operatorOf(controlPlaneOf(lab.primary, await idleLab('gateway'), {}))
  const spec = operatorOf(controlPlaneOf(lab.primary, lab, {}))
  expect(spec).toMatchObject(plain)
  expect(spec).toMatchObject({
    components: { pilot: { k8s: { replicaCount: 2 } } },
    values: { pilot: { env: { A: '1' } } },
  })
  expect(operatorOf(remoteOf(lab.primary, lab, ''))).toEqual(
    operatorOf(remoteOf(lab.primary, await idleLab('gateway'), '')),
  )
})

test('with published images nothing is set that only locally built images need', async () => {
  const lab = await idleLab()
  const specsOf = (source: 'release' | 'source'): string => {
    const release = { ...lab, images: { ...lab.images, source } }
    return JSON.stringify([
      operatorOf(controlPlaneOf(lab.primary, release, {})),
      operatorOf(remoteOf(lab.primary, release, '')),
      operatorOf(gatewayOf(lab.primary, release, true)),
    ])
  }
  expect(specsOf('source').match(/PILOT_\w+|telemetry/g)).toEqual(
    expect.arrayContaining([
      'PILOT_ENABLE_METADATA_EXCHANGE',
      'PILOT_ENABLE_ALPN_FILTER',
      'PILOT_DISABLE_MX_ALPN',
      'telemetry',
    ]),
  )
  expect(specsOf('release')).not.toMatch(/PILOT_|telemetry/)
  expect(
    specsOf('source')
      .replaceAll(/"PILOT_\w+":"\w+",?|,"telemetry":\{.*?\}/g, '')
      .replaceAll(',}', '}'),
  ).toBe(specsOf('release'))
})
