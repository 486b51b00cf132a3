import pMap from 'p-map'
import { z } from 'zod'
import type { Permission } from '#kube/permissions.ts'
import type { Ask } from '#probes/remote-server.ts'

const kinds = (verbs: string[], ...resources: string[]): Permission[] =>
  resources.flatMap((name) => {
    const [resource = '', ...group] = name.split('.')
    return verbs.map((verb) => ({ verb, resource, ...(group.length > 0 ? { group: group.join('.') } : {}) }))
  })

/** What of istiod decides which rights it needs. */
export type Needs = {
  /** It serves the cluster’s workloads, so it reviews their tokens there. */
  serves: boolean
  /** It reads the TLS secrets of remote clusters (PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER). */
  secrets: boolean
  /** It reads the mesh configuration of remote clusters: since Istio 1.31. */
  meshConfig: boolean
}

/**
 * What istiod does with a remote secret’s credentials, without which it does not sync a cluster: it waits until
 * everything that it watches has been listed (Istio’s chart istiod, reader-clusterrole.yaml, and what registers
 * informers in pilot; seen with 1.31).
 */
const needed = ({ serves, secrets, meshConfig }: Needs): Permission[] => [
  ...kinds(
    ['list', 'watch'],
    'namespaces',
    'services',
    'pods',
    'nodes',
    'endpointslices.discovery.k8s.io',
    'customresourcedefinitions.apiextensions.k8s.io',
    ...(secrets ? ['secrets'] : []),
    ...(meshConfig ? ['configmaps'] : []),
  ),
  ...(serves ? kinds(['create'], 'tokenreviews.authentication.k8s.io') : []),
]

/** What the chart gives as well; a mesh may never use it. */
const beside: Permission[] = [
  ...kinds(['list', 'watch'], 'workloadentries.networking.istio.io', 'gateways.gateway.networking.k8s.io'),
  ...kinds(['create'], 'subjectaccessreviews.authorization.k8s.io'),
]

const Review = z.object({ status: z.object({ allowed: z.boolean().default(false) }) })

/** What credentials may not do, in words; `unknown` where the API server does not say. */
export type Rights = { missing: string[]; beside: string[] } | { unknown: string }

/** Asks an API server what the credentials of a question may do; nothing is created. */
export const missingRights = async (ask: Ask, needs: Needs): Promise<Rights> => {
  const [required, wanted] = [needed(needs), beside]
  const answers = await pMap(
    [...required, ...wanted],
    async (wish) => {
      const { status, body } = await ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: wish },
      })
      const review = Review.safeParse(body)
      return { wish, status, allowed: review.success ? review.data.status.allowed : undefined }
    },
    { concurrency: 6 },
  )
  const silent = answers.find(({ allowed }) => allowed === undefined)
  if (silent) return { unknown: `SelfSubjectAccessReview: ${silent.status}` }
  const refused = answers.filter(({ allowed }) => allowed === false).map(({ wish }) => wish)
  return {
    missing: inLines(refused.filter((wish) => required.includes(wish))),
    beside: inLines(refused.filter((wish) => wanted.includes(wish))),
  }
}

/** `list and watch nodes, pods`, a line for the resources of which the same verbs are missing. */
const inLines = (permissions: Permission[]): string[] => {
  const resources = Map.groupBy(permissions, ({ resource, group }) => [resource, group].filter(Boolean).join('.'))
  const verbs = [...resources].map(([resource, refused]) => ({
    resource,
    verbs: refused.map(({ verb }) => verb).join(' and '),
  }))
  return [...Map.groupBy(verbs, (missing) => missing.verbs)].map(
    ([words, refused]) => `${words} ${refused.map(({ resource }) => resource).join(', ')}`,
  )
}
