import type { V1EndpointSlice } from '@kubernetes/client-node'

/** The addresses in slices that are not told to be unready. */
export const readyAddresses = (slices: V1EndpointSlice[]): string[] =>
  slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses)),
  )
