import { policiesFor, type AuthorizationPolicy } from '#diagnosis/authorization.ts'
import { kubectl, servedBy } from '#diagnosis/layer.ts'
import type { Survey } from '#probes/survey/survey.ts'
import type { GatewayPod, PodProblem } from './gateway-pod.ts'

type Rule = AuthorizationPolicy['rules'][number]

/**
 * An AuthorizationPolicy by which a gateway between networks refuses every connection. The gateway passes TLS on
 * without ending it: it knows no identity and no HTTP, so a rule that asks for either lets nobody in (Istio’s page
 * “Authorization Policy”: for TCP, rules with HTTP fields are not used to allow).
 */
export const refusedByPolicy = async (
  mesh: Survey,
  { gateway, pod, listens }: GatewayPod,
): Promise<PodProblem | undefined> => {
  const reader = servedBy(mesh, gateway.cluster)
  if (!reader) return undefined
  const policies = await policiesFor(reader, pod)
  const allowing = policies.filter(({ spec }) => spec.action === 'ALLOW')
  const denying = policies.find(
    ({ spec }) => spec.action === 'DENY' && spec.rules.some((rule) => deniesAll(rule, listens)),
  )
  const refusing =
    denying ??
    (allowing.every(({ spec }) => spec.rules.every((rule) => !mayAllow(rule, listens))) ? allowing[0] : undefined)
  if (!refusing) return undefined
  const place = `${refusing.namespace}/${refusing.name}`
  return {
    cause: 'an AuthorizationPolicy lets nobody through a gateway between networks',
    evidence: [
      denying
        ? `AuthorizationPolicy ${place} denies what comes to port ${listens}`
        : `AuthorizationPolicy ${place} is for the gateway, and none allows a connection to port ${listens} ` +
          'that has no identity there',
      'the gateway does not end TLS, so it knows neither the identity of a client nor its request',
    ],
    fix: kubectl(
      reader,
      `-n ${refusing.namespace} get authorizationpolicy ${refusing.name} -o yaml   # allow port ${listens}`,
    ),
  }
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

/** A denial that nothing but a missing identity can fulfil; one by addresses or conditions may let some in. */
const deniesAll = (rule: Rule, port: number): boolean =>
  isAtPort(rule, port) &&
  rule.when.length === 0 &&
  (rule.from.length === 0 ||
    rule.from.some(
      ({ source }) =>
        source !== undefined &&
        [source.notPrincipals, source.notNamespaces, source.notServiceAccounts].some(({ length }) => length > 0) &&
        Object.entries(source).every(([field, list]) => list.length === 0 || /^not(?!.*Ip)/.test(field)),
    ))
