import { policiesFor, type AuthorizationPolicy } from '#diagnosis/authorization.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { hostPort } from '#probes/transfers.ts'
import { behindAddress } from './behind-address.ts'
import type { Way } from './ways.ts'

type Rule = AuthorizationPolicy['rules'][number]

/**
 * An AuthorizationPolicy by which a gateway refuses every connection to the istiod behind it. The gateway passes TLS on
 * without ending it: it knows no identity and no HTTP, so a rule that asks for either lets nobody in (Istio’s page
 * “Authorization Policy”: for TCP, rules with HTTP fields are not used to allow). What it passes on between
 * services of the mesh is another matter: istiod builds those chains without policies.
 */
export const refusedByPolicy = async (
  primary: SurveyedCluster,
  { code, from, to, address, port }: Pick<Way, 'code' | 'from' | 'to' | 'address' | 'port'>,
): Promise<Finding[]> => {
  const [gateway] = (await behindAddress(primary, address))?.gateways ?? []
  if (!gateway) return []
  const policies = await policiesFor(primary, gateway)
  const allowing = policies.filter(({ spec }) => spec.action === 'ALLOW')
  const denying = policies.find(
    ({ spec }) => spec.action === 'DENY' && spec.rules.some((rule) => deniesAll(rule, port)),
  )
  const refusing =
    denying ??
    (allowing.every(({ spec }) => spec.rules.every((rule) => !mayAllow(rule, port))) ? allowing[0] : undefined)
  if (!refusing) return []
  const place = `${refusing.namespace}/${refusing.name}`
  return [
    {
      code,
      cause: 'an AuthorizationPolicy lets nobody through the gateway that leads to istiod',
      where: `${from.name} → ${hostPort(address, port)}`,
      evidence: [
        denying
          ? `AuthorizationPolicy ${place} denies what comes to port ${port} of ${gateway.metadata?.name ?? ''}`
          : `AuthorizationPolicy ${place} is for ${gateway.metadata?.name ?? ''}, and none allows a connection to ` +
            `port ${port} that has no identity there`,
        'the gateway does not end TLS, so it knows neither the identity of a client nor its request',
        'connections that were open before go on: it shows when a proxy reconnects or a pod is made',
      ],
      fix: kubectl(
        primary,
        `-n ${refusing.namespace} get authorizationpolicy ${refusing.name} -o yaml   # allow ${port}`,
      ),
      clusters: [...new Set([from, ...to].map(({ name }) => name))],
    },
  ]
}

const isAtPort = ({ to }: Rule, port: number): boolean =>
  to.length === 0 ||
  to.some(({ operation }) => {
    const { ports = [], notPorts = [] } = operation ?? {}
    return (ports.length === 0 || ports.includes(String(port))) && !notPorts.includes(String(port))
  })

/** What only somebody with an identity, or a request, can fulfil. */
const mayAllow = (rule: Rule, port: number): boolean =>
  isAtPort(rule, port) &&
  (rule.from.length === 0 ||
    rule.from.some(
      ({ source }) =>
        !source ||
        [source.principals, source.namespaces, source.serviceAccounts, source.requestPrincipals].every(
          ({ length }) => length === 0,
        ),
    )) &&
  (rule.to.length === 0 ||
    rule.to.some(
      ({ operation }) =>
        !operation || [operation.methods, operation.paths, operation.hosts].every(({ length }) => length === 0),
    ))

/**
 * A denial that every connection without an identity fulfils; one by addresses may let some in. What asks for a request
 * is left out of a denial for TCP, so that a policy which denies requests without a token denies all connections
 * (istiod’s `checkError` of authorization rules).
 */
const deniesAll = (rule: Rule, port: number): boolean =>
  isAtPort(rule, port) &&
  rule.when.every(({ key }) => key.startsWith('request.')) &&
  (rule.from.length === 0 ||
    rule.from.some(
      ({ source }) =>
        source !== undefined &&
        Object.entries(source).every(
          ([field, list]) => list.length === 0 || field === 'requestPrincipals' || /^not(?!.*Ip)/.test(field),
        ),
    ))
