import type { KubeClient, Manifest } from './client.ts'

/**
 * Something that somebody wants to do with a kind of object, or with the one of a name; without a namespace, in every
 * one.
 */
export type Wish = {
  verb: string
  group?: string
  resource: string
  subresource?: string
  namespace?: string
  name?: string
}

type Review = Manifest & { status?: { allowed?: boolean } }

/** What of it the user of a cluster may not do, in words. The API server is asked; nothing is created. */
export const refused = async (kube: KubeClient, wishes: Wish[]): Promise<string[]> => {
  const answers = await Promise.all(
    wishes.map(async (wish) => {
      const review = await kube.dryRun<Review>({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: wish },
      })
      return review.status?.allowed === true ? [] : [inWords(wish)]
    }),
  )
  return answers.flat()
}

const inWords = ({ verb, group, resource, subresource, namespace, name }: Wish): string => {
  const kind = [resource, subresource].filter(Boolean).join('/')
  return [
    `${verb} ${kind}${group ? `.${group}` : ''}`,
    ...(name ? [name] : []),
    ...(namespace ? [`in ${namespace}`] : []),
  ].join(' ')
}
