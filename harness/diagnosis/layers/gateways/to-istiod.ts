import { servedBy } from '#diagnosis/layer.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { refusedByPolicy } from './refused-by-policy.ts'
import type { Way } from './ways.ts'
import { whyIstiodClosed } from './why-closed.ts'

/**
 * The ways from a cluster without istiod to istiod’s ports, at the addresses it knows (istio/istio#42327); the
 * webhook’s is 15017.
 */
export const waysToIstiod = async (mesh: Survey, from: SurveyedCluster): Promise<Way[]> => {
  const primary = servedBy(mesh, from)
  const serving = primary && hostOf(primary)
  if (serving === from) return []
  const slices = (await from.reads.slices()).filter(
    ({ metadata }) =>
      metadata?.namespace === from.istioNamespace &&
      metadata.labels?.['kubernetes.io/service-name']?.startsWith('istiod'),
  )
  const places = slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? [])
      .flatMap(({ addresses }) => addresses)
      .flatMap((address) => (ports ?? []).map(({ port }) => ({ address, port: port ?? 15012 }))),
  )
  return places.map(({ address, port }) => {
    const way = { code: 'MP-886' as const, from, to: serving ? [serving] : [], address, port }
    return {
      ...way,
      end: `istiod’s port ${port}`,
      tries: 15,
      ...(serving ? { whyClosed: () => whyIstiodClosed(serving, address, port) } : {}),
      // The policies of a gateway are read where its own control plane is.
      ...(serving && serving === primary ? { refused: () => refusedByPolicy(serving, way) } : {}),
    }
  })
}
