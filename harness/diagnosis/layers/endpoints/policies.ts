import { z } from 'zod'
import type { Survey } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { decidedBy, rulesInUse } from '#diagnosis/rule-hosts.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'

const Tls = z.object({ mode: z.string().default(''), sni: z.string().optional() }).optional()
const TrafficPolicy = z
  .object({
    tls: Tls,
    portLevelSettings: z.array(z.object({ tls: Tls })).default([]),
    loadBalancer: z.object({ consistentHash: z.unknown().optional() }).optional(),
    proxyProtocol: z.unknown().optional(),
  })
  .optional()
const DestinationRule = z.object({
  host: z.string().default(''),
  trafficPolicy: TrafficPolicy,
  subsets: z.array(z.object({ trafficPolicy: TrafficPolicy })).default([]),
})
/**
 * What rules do to shared services whatever a client holds for them: TLS of their own, and clients that stick to one
 * server.
 */
export const policyFindings = async (mesh: Survey, services: MeshService[]): Promise<Finding[]> => {
  const perPrimary = await Promise.all(
    primariesOf(mesh).map(async (primary) => {
      const rules = await rulesInUse(mesh, primary, services)
      return rules.flatMap((rule): Finding[] => {
        const spec = DestinationRule.safeParse(rule['spec']).data
        const decided = decidedBy(rule, rules, services).filter(({ perCluster }) =>
          perCluster.some(({ meshed }) => meshed.length > 0),
        )
        if (!spec || decided.length === 0) return []
        const effect = effectOf(spec, severalNetworks(mesh))
        if (!effect) return []
        const { set, ...named } = effect
        return decided.map(({ host }) => ({
          ...named,
          where: `${host} in ${primary.name}`,
          evidence: [`DestinationRule ${placeOf(rule)} ${set} for ${host}`],
          fix: kubectl(
            primary,
            `-n ${rule.metadata?.namespace ?? ''} get destinationrule ${rule.metadata?.name ?? ''} -o yaml`,
          ),
        }))
      })
    }),
  )
  return perPrimary.flat()
}

/** What a rule does to requests of the mesh, the worst first; undefined where it does nothing of the kind. */
const effectOf = (
  { trafficPolicy, subsets }: z.infer<typeof DestinationRule>,
  acrossNetworks: boolean,
): { code: FindingCode; cause?: string; set: string } | undefined => {
  const policies = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)]
  const settings = policies.flatMap((policy) => [
    policy?.tls,
    ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls),
  ])
  const mode = settings
    .map((tls) => tls?.mode)
    .find((set) => set === 'SIMPLE' || set === 'MUTUAL' || (set === 'DISABLE' && acrossNetworks))
  if (mode) return { code: 'MP-896', set: `sets tls.mode ${mode}` }
  const sni = acrossNetworks ? settings.find((tls) => tls?.sni)?.sni : undefined
  if (sni !== undefined)
    return {
      code: 'MP-896',
      cause: 'a DestinationRule sets a server name that gateways between networks do not know',
      set: `sets tls.sni ${sni}`,
    }
  if (policies.some((policy) => policy?.proxyProtocol !== undefined))
    return {
      code: 'MP-896',
      cause: 'a DestinationRule sends a PROXY header, which servers of the mesh refuse',
      set: 'sets proxyProtocol',
    }
  return policies.some((policy) => policy?.loadBalancer?.consistentHash !== undefined)
    ? { code: 'MP-898', set: 'has loadBalancer.consistentHash' }
    : undefined
}
