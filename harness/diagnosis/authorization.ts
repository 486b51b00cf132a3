import { BlockList, isIP } from 'node:net'
import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'
import { policyRootOf } from '#probes/survey/mesh-config.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { matchesSelector } from './label-selector.ts'
import { leavesIn } from './target-refs.ts'

const Source = z.object({
  principals: z.array(z.string()).default([]),
  notPrincipals: z.array(z.string()).default([]),
  namespaces: z.array(z.string()).default([]),
  notNamespaces: z.array(z.string()).default([]),
  serviceAccounts: z.array(z.string()).default([]),
  notServiceAccounts: z.array(z.string()).default([]),
  requestPrincipals: z.array(z.string()).default([]),
  notRequestPrincipals: z.array(z.string()).default([]),
  ipBlocks: z.array(z.string()).default([]),
  notIpBlocks: z.array(z.string()).default([]),
  remoteIpBlocks: z.array(z.string()).default([]),
  notRemoteIpBlocks: z.array(z.string()).default([]),
})
const Operation = z.object({
  methods: z.array(z.string()).default([]),
  notMethods: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  notPorts: z.array(z.string()).default([]),
  paths: z.array(z.string()).default([]),
  notPaths: z.array(z.string()).default([]),
  hosts: z.array(z.string()).default([]),
  notHosts: z.array(z.string()).default([]),
})
const Rule = z.object({
  from: z.array(z.object({ source: Source.optional() })).default([]),
  to: z.array(z.object({ operation: Operation.optional() })).default([]),
  when: z
    .array(
      z.object({
        key: z.string(),
        values: z.array(z.string()).default([]),
        notValues: z.array(z.string()).default([]),
      }),
    )
    .default([]),
})

/** The part of an AuthorizationPolicy that says whom it lets in (Istio’s reference of AuthorizationPolicy). */
export const AuthorizationPolicy = z.object({
  selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
  action: z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']).default('ALLOW'),
  provider: z.object({ name: z.string().default('') }).optional(),
  rules: z.array(Rule).default([]),
})
export type AuthorizationPolicy = z.infer<typeof AuthorizationPolicy>

/** The policies of a control plane that are for a pod: those of its namespace, and those of the whole mesh. */
export const policiesFor = async (
  reader: SurveyedCluster,
  pod: V1Pod,
): Promise<{ namespace: string; name: string; spec: AuthorizationPolicy }[]> => {
  const root = await policyRootOf(reader)
  return (await reader.reads.istio('AuthorizationPolicy')).flatMap((object) => {
    const spec = AuthorizationPolicy.safeParse(object['spec'] ?? {}).data
    const { namespace = '', name = '' } = object.metadata ?? {}
    const applies = [pod.metadata?.namespace, root].includes(namespace) && leavesIn(object['spec'], namespace, pod)
    return spec && applies && matchesSelector(spec.selector, pod.metadata?.labels ?? {})
      ? [{ namespace, name, spec }]
      : []
  })
}

/**
 * A request as far as it is known: who asks, at which port, and from which of some addresses the server sees it come,
 * where that is known. The path may be any, and so may method, headers and token, unless it is `plain`: a GET with no
 * token and no headers of its own.
 */
export type Asking = { namespace: string; serviceAccount: string; port: number; addresses?: string[]; plain?: true }

/** `yes` and `no` whatever else the request says; `maybe` where method, path, host or a condition decides. */
export type Match = 'yes' | 'no' | 'maybe'

/** Whether a rule of a policy fits what asks. A policy without rules fits nothing. */
export const fits = ({ rules }: AuthorizationPolicy, asking: Asking): Match =>
  either(rules.map((rule) => ruleFits(rule, asking)))

const either = (matches: Match[]): Match => {
  if (matches.includes('yes')) return 'yes'
  return matches.includes('maybe') ? 'maybe' : 'no'
}

const together = (matches: Match[]): Match => {
  if (matches.includes('no')) return 'no'
  return matches.includes('maybe') ? 'maybe' : 'yes'
}

const ruleFits = ({ from, to, when }: z.infer<typeof Rule>, asking: Asking): Match =>
  together([
    from.length === 0 ? 'yes' : either(from.map(({ source }) => sourceFits(source, asking))),
    to.length === 0 ? 'yes' : either(to.map(({ operation }) => operationFits(operation, asking))),
    ...when.map((condition) => conditionFits(condition, asking)),
  ])

const conditionFits = ({ key, values, notValues }: z.infer<typeof Rule>['when'][number], { plain }: Asking): Match => {
  if (!plain || !/^request\.(?:headers\[|auth\.)/.test(key)) return 'maybe'
  // What a request lacks has none of the values.
  return values.length > 0 ? 'no' : notValues.length > 0 ? 'yes' : 'maybe'
}

const sourceFits = (source: z.infer<typeof Source> | undefined, asking: Asking): Match => {
  const { namespace, serviceAccount, plain } = asking
  if (!source) return 'yes'
  const among = (patterns: string[], value: string): Match =>
    patterns.length === 0 || patterns.some((pattern) => like(pattern, value)) ? 'yes' : 'no'
  const without = (patterns: string[], value: string): Match =>
    patterns.some((pattern) => like(pattern, value)) ? 'no' : 'yes'
  const accountIn = (accounts: string[]): boolean =>
    accounts.includes(serviceAccount) || accounts.includes(`${namespace}/${serviceAccount}`)
  return together([
    source.principals.length === 0 ? 'yes' : principalAmong(source.principals, namespace, serviceAccount),
    opposite(principalAmong(source.notPrincipals, namespace, serviceAccount)),
    among(source.namespaces, namespace),
    without(source.notNamespaces, namespace),
    source.serviceAccounts.length === 0 || accountIn(source.serviceAccounts) ? 'yes' : 'no',
    accountIn(source.notServiceAccounts) ? 'no' : 'yes',
    // A request of a sidecar carries no token unless its program adds one; addresses depend on the way.
    plain && source.requestPrincipals.length > 0 ? 'no' : 'yes',
    plain ? 'yes' : unrestricted(source.requestPrincipals, source.notRequestPrincipals),
    source.ipBlocks.length === 0 ? 'yes' : comesFrom(source.ipBlocks, asking),
    source.notIpBlocks.length === 0 ? 'yes' : opposite(comesFrom(source.notIpBlocks, asking)),
    // The address that a header tells.
    unrestricted(source.remoteIpBlocks, source.notRemoteIpBlocks),
  ])
}

/** Whether a request comes from blocks of addresses; `maybe` where it is not known, or some addresses are in them. */
const comesFrom = (blocks: string[], { addresses = [] }: Asking): Match => {
  const ranges = new BlockList()
  try {
    for (const block of blocks) {
      const [address = '', length] = block.split('/')
      const isLong = isIP(address) === 6
      ranges.addSubnet(address, Number(length ?? (isLong ? 128 : 32)), isLong ? 'ipv6' : 'ipv4')
    }
  } catch {
    // A block that is none.
    return 'maybe'
  }
  const within = addresses.filter((address) => ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
  if (addresses.length === 0 || (within.length > 0 && within.length < addresses.length)) return 'maybe'
  return within.length > 0 ? 'yes' : 'no'
}

const operationFits = (operation: z.infer<typeof Operation> | undefined, { port, plain }: Asking): Match => {
  if (!operation) return 'yes'
  return together([
    operation.ports.length === 0 || operation.ports.includes(String(port)) ? 'yes' : 'no',
    operation.notPorts.includes(String(port)) ? 'no' : 'yes',
    plain && operation.methods.length > 0 && !operation.methods.some((method) => like(method, 'GET')) ? 'no' : 'yes',
    plain && operation.notMethods.some((method) => like(method, 'GET')) ? 'no' : 'yes',
    plain ? 'yes' : unrestricted(operation.methods, operation.notMethods),
    unrestricted(operation.paths, operation.notPaths, operation.hosts, operation.notHosts),
  ])
}

/** `yes` where no list restricts what is not known of the request; else `maybe`. */
const unrestricted = (...lists: string[][]): Match => (lists.every(({ length }) => length === 0) ? 'yes' : 'maybe')

const opposite = (match: Match): Match => {
  if (match === 'maybe') return 'maybe'
  return match === 'yes' ? 'no' : 'yes'
}

/**
 * Whether an identity is among principals. `cluster.local` stands for the trust domain of the mesh, whichever that is;
 * another domain may be the mesh’s own, so it is `maybe`.
 */
const principalAmong = (patterns: string[], namespace: string, serviceAccount: string): Match => {
  const principal = `cluster.local/ns/${namespace}/sa/${serviceAccount}`
  if (patterns.some((pattern) => like(pattern, principal))) return 'yes'
  const inOwnDomain = patterns.map((pattern) => pattern.replace(/^[^*/]+(?=\/)/, 'cluster.local'))
  return inOwnDomain.some((pattern) => like(pattern, principal)) ? 'maybe' : 'no'
}

/** Istio’s patterns: a whole value, or one with `*` at its beginning or end. */
const like = (pattern: string, value: string): boolean => {
  if (pattern === '*') return value !== ''
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value
}
