import type { KubeClient, Manifest } from './client.ts'

/**
 * A permission: a verb on a kind of object, or on the object `name`. Without a namespace it is for every namespace.
 */
export type Permission = {
  verb: string
  group?: string
  resource: string
  subresource?: string
  namespace?: string
  name?: string
}

type Review = Manifest & { status?: { allowed?: boolean } }

/** The permissions that the user of a cluster lacks, as text. The API server answers this; nothing is created. */
export const missingPermissions = async (kube: KubeClient, permissions: Permission[]): Promise<string[]> => {
  const answers = await Promise.all(
    permissions.map(async (permission) => {
      const review = await kube.dryRun<Review>({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: permission },
      })
      return review.status?.allowed === true ? [] : [textOf(permission)]
    }),
  )
  return answers.flat()
}

/** A permission as text: `create tokenreviews.authentication.k8s.io`. */
export const textOf = ({ verb, group, resource, subresource, namespace, name }: Permission): string => {
  const kind = `${[resource, subresource].filter(Boolean).join('/')}${group ? `.${group}` : ''}`
  return [verb, kind, name, namespace && `in ${namespace}`].filter(Boolean).join(' ')
}
