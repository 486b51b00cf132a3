import { expect, test } from 'vitest'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { labTarget } from './lab-target.ts'
import { policyOf } from './mesh.ts'

test.each(['pin-v2', 'weighted', 'header', 'cluster-local'])(
  'the rule of %s sets what mutual TLS needs, and nothing with mutual TLS off: istiod refuses an empty policy',
  async (name) => {
    const specOf = async (mtls: 'strict' | 'off'): Promise<unknown> => {
      const target = labTarget(await idleLab(await variant('vpn', mtls)))
      const rules = await policyOf(name, target)
      return (rules.find(({ kind }) => kind === 'DestinationRule') as { spec?: object }).spec
    }
    expect(await specOf('strict')).toMatchObject({ trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } })
    expect(await specOf('off')).not.toHaveProperty('trafficPolicy')
  },
)
