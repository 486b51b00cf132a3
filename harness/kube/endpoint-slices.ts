import type { V1EndpointSlice } from '@kubernetes/client-node'

/** The addresses of the endpoints that are not marked as unready. */
export const readyAddresses = (slices: V1EndpointSlice[]): string[] =>
  slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses)),
  )
