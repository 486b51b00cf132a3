import type { V1CustomResourceDefinition } from '@kubernetes/client-node'
import type { KubeClient } from './client.ts'

/**
 * Asks for the objects of each kind that a definition among these objects (`kind.group/name`) has just added. An API
 * server prepares a kind when somebody first asks for it, and sends away for a second whoever asks meanwhile. A
 * controller that asks for many new kinds when it starts, as istiod does, would therefore start two seconds later.
 *
 * The answers do not matter, and neither does a question that fails: the controllers ask again.
 */
export const askForDefinedKinds = async (kube: Pick<KubeClient, 'list'>, applied: string[]): Promise<void> => {
  const names = applied.flatMap((object) => /^customresourcedefinition\.[^/]+\/(.+)$/.exec(object)?.[1] ?? [])
  if (names.length === 0) return
  const definitions = await kube
    .list<V1CustomResourceDefinition>({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' })
    .catch(() => [])
  const kinds = definitions
    .filter(({ metadata }) => names.includes(metadata?.name ?? ''))
    .flatMap(({ spec: { group, names: named, versions } }) => {
      const [version] = versions.filter(({ served }) => served)
      return version ? { apiVersion: `${group}/${version.name}`, kind: named.kind } : []
    })
  await Promise.allSettled(kinds.map((kind) => kube.list(kind)))
}
