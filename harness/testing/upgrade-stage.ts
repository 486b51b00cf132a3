import type { UpgradeStage } from '#checks/target.ts'

/**
 * An upgrade from 1.30-dev in which only the control plane of the first cluster has the new release. Where `revision`
 * is given, both control planes run beside each other.
 */
export const upgradeTo = (release: string, revision = 'default'): UpgradeStage => {
  const old = { istio: '1.30-dev', envoy: '1.38.3', revision: 'default' }
  const control = { istio: release, envoy: '1.39.3', revision }
  return {
    from: '1.30-dev',
    stage: {
      phase: 'P2',
      controlPlanes: { cluster1: revision === 'default' ? [control] : [old, control], cluster2: [] },
      workloads: { cluster1: old, cluster2: old },
      gateways: { cluster1: old, cluster2: old },
      gatewayReplicas: 2,
    },
  }
}
