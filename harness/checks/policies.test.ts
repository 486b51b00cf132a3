import { expect, test } from 'vitest'
import { fixture } from '#istio/fixture.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { labTarget } from './lab-target.ts'
import { policyValues } from './mesh.ts'

test.each(['pin-v2', 'weighted', 'header', 'cluster-local'])(
  'the rule of %s sets what mutual TLS needs, and is never an empty policy, which istiod refuses',
  async (name) => {
    const trafficPolicyOf = async (mtls: 'strict' | 'off'): Promise<unknown> => {
      const target = labTarget(await idleLab(await variant('vpn', mtls)))
      const rules = await fixture(`policies/${name}.yaml`, policyValues(target))
      const rule = rules.find(({ kind }) => kind === 'DestinationRule') as { spec?: { trafficPolicy: unknown } }
      return rule.spec?.trafficPolicy
    }
    expect(await trafficPolicyOf('strict')).toEqual({ tls: { mode: 'ISTIO_MUTUAL' } })
    expect(await trafficPolicyOf('off')).toBeNull()
  },
)
