import type { ProcedureName } from '#topology/topology-file.ts'
import type { Procedure } from '#istio/procedure.ts'
import { externalControlPlane } from './external-control-plane.ts'
import { gateway } from './gateway.ts'
import { multiPrimary, multiPrimaryMultiNetwork } from './multi-primary.ts'
import { primaryRemote } from './primary-remote.ts'
import { sharedControlPlane } from './shared-control-plane.ts'
import { vpn } from './vpn.ts'

/** Every documented procedure, by the name a topology’s file calls it. */
export const procedures: Record<ProcedureName, Procedure> = {
  vpn,
  'shared-control-plane': sharedControlPlane,
  gateway,
  'primary-remote': primaryRemote,
  'multi-primary': multiPrimary,
  'multi-primary-multi-network': multiPrimaryMultiNetwork,
  'external-control-plane': externalControlPlane,
}
