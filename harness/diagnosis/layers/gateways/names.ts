import { isIP } from 'node:net'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { isHostName, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { gatewayPlace } from '#diagnosis/places.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { variableOf } from '#istio/proxy-container.ts'
import { dial } from '#probes/dial.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'

/** A name among the entrances of a network, as one control plane is to resolve it, and where it stands. */
type Name = { primary: SurveyedCluster; name: string; port: number; origin: string }

/**
 * The names of gateways that a control plane resolves to no address. It resolves them itself, where it is
 * (istio/istio#44155).
 */
export const unresolvedNames = async (mesh: Survey, own: NetworkGateways): Promise<Finding[]> => {
  const perPrimary = await Promise.all(
    own.known.map(async ({ primary, gateways }) => {
      const names = namesFor(primary, own)
      // What istiod made of names: every address that nobody wrote as an address.
      const written = new Set(
        [...own.configured, ...own.services.flatMap(plainAddresses)].map(({ address }) => address),
      )
      const resolved = (gateways ?? []).filter(({ address }) => !written.has(address))
      if (names.length === 0 || resolved.length >= names.length) return []
      return (await Promise.all(names.map((name) => unresolved(mesh, own, name, gateways !== undefined)))).flat()
    }),
  )
  return perPrimary.flat()
}

const plainAddresses = ({ addresses }: { addresses: string[] }): { address: string }[] =>
  addresses.map((address) => ({ address }))

const namesFor = (primary: SurveyedCluster, { configured, services }: NetworkGateways): Name[] => [
  ...configured
    .filter((entry) => entry.primary === primary && isIP(entry.address) === 0)
    .map(({ address, port }) => ({ primary, name: address, port, origin: `meshNetworks of ${primary.name}` })),
  ...services
    .filter(({ found }) => found)
    .flatMap((gateway) =>
      gateway.addresses
        .filter((address) => isIP(address) === 0)
        .map((address) => ({
          primary,
          name: address,
          port: gateway.port,
          origin: `the service of the gateway, ${gatewayPlace(gateway)}`,
        })),
    ),
]

const unresolved = async (
  mesh: Survey,
  { network }: NetworkGateways,
  { primary, name, port, origin }: Name,
  wasAsked: boolean,
): Promise<Finding[]> => {
  const vantage = isHostName(name) ? await vantageIn(primary).catch(() => undefined) : undefined
  // The final dot keeps the name server’s search list out of it, as istiod does.
  const said = vantage ? (await dial(vantage, `${name.replace(/\.$/, '')}.`, port)).said : ''
  const isUnknown = !isHostName(name) || /no such host|server misbehaving|lookup .*timeout/.test(said)
  if (!isUnknown && !wasAsked) return []
  const switchedOff = variableOf(
    (await primary.reads.istiods())[0]?.spec?.template.spec?.containers.find(
      (container) => container.name === 'discovery',
    ),
    'RESOLVE_HOSTNAME_GATEWAYS',
  )
  if (!isUnknown && switchedOff !== 'false' && vantage) return []
  const clients = mesh.clusters.filter((cluster) => servedBy(mesh, cluster) === primary || cluster.network === network)
  return [
    {
      code: 'MP-880',
      where: `${primary.name} ${network}`,
      evidence: [
        `${origin} says that ${network} is entered at ${name}`,
        ...(isHostName(name) ? [] : ['that is no name of a host']),
        ...(isUnknown && vantage
          ? [`${vantage.namespace}/${vantage.pod} of ${primary.name} asked for it: ${said}`]
          : []),
        ...(switchedOff === 'false' ? [`istiod of ${primary.name} runs with RESOLVE_HOSTNAME_GATEWAYS=false`] : []),
        ...(wasAsked ? [`istiod of ${primary.name} knows no address of it`] : []),
      ],
      fix: kubectl(hostOf(primary), "-n istio-system logs deployment/istiod | grep 'could not resolve hostname'"),
      clusters: clients.map((cluster) => cluster.name),
    },
  ]
}
