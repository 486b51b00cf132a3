import { MeshproofError } from '#errors.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { coversHost, type GatewayServer, gatewayServersAt, inWords } from './gateway-objects.ts'
import { servedBy } from './layer.ts'
import { networkGateways } from './network-gateways.ts'

/**
 * Requires that the gateways between networks pass on the services of a namespace that is added to a mesh: their
 * Gateways may name the hosts of other namespaces alone, and requests to the added one then cross no network although
 * nothing is broken. A network without such a Gateway is broken, which is for checks and layers to say.
 * @throws MeshproofError MP-148.
 */
export const requirePassage = async (mesh: Survey, namespace: string): Promise<void> => {
  const networks = await networkGateways(mesh)
  if (networks.length < 2) return
  const host = `any.${namespace}.svc.${mesh.domain}`
  for (const { network, services } of networks) {
    const perGateway = await Promise.all(
      // Where they may not be read, nothing is known to stand in the way.
      services.map(({ cluster, port }) =>
        gatewayServersAt(servedBy(mesh, cluster) ?? cluster, port).catch((): GatewayServer[] => []),
      ),
    )
    const passing = perGateway.flat().filter(({ mode }) => mode === 'AUTO_PASSTHROUGH')
    if (passing.length === 0 || passing.some(({ hosts }) => hosts.some((pattern) => coversHost(pattern, host))))
      continue
    throw new MeshproofError('MP-148', {
      what: `The gateways of ${network} pass on no service of the namespace ${namespace}`,
      where: services.map(({ cluster }) => cluster.context).join(', '),
      why: [...new Set(passing.map(inWords))].join('; '),
      next: `Add *.${namespace}.svc.${mesh.domain} to the hosts of that Gateway while meshproof works.`,
    })
  }
}
