import { MeshproofError } from '#errors.ts'
import { gatewayApiVersion } from '#istio/gateway-api.ts'
import type { KubeClient } from '#kube/client.ts'
import { missingPermissions, type Permission } from '#kube/permissions.ts'
import { judgeNamespaces } from './gateway-api.ts'
import { echoNamespace } from './require-echo.ts'

type Asked = { context: string; kube: KubeClient }

/** What a judge does in a cluster, beside reading the definitions of the Gateway API. */
const permissions: Permission[] = [
  ...['list', 'create'].map((verb) => ({ verb, resource: 'namespaces' })),
  { verb: 'list', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
  ...[...judgeNamespaces, echoNamespace].flatMap((name) =>
    ['get', 'delete'].map((verb) => ({ verb, resource: 'namespaces', name })),
  ),
  // The tests find this namespace, and write it again.
  { verb: 'update', resource: 'namespaces', name: judgeNamespaces[0] },
  ...['create', 'get'].map((verb) => ({ verb, resource: 'pods', namespace: echoNamespace })),
  { verb: 'create', group: 'security.istio.io', resource: 'peerauthentications', namespace: judgeNamespaces[0] },
  ...judgeNamespaces.flatMap((namespace): Permission[] => [
    ...['get', 'create'].flatMap((verb) => [
      { verb, group: 'apps', resource: 'deployments', namespace },
      { verb, resource: 'services', namespace },
    ]),
    { verb: 'list', resource: 'pods', namespace },
    { verb: 'create', resource: 'pods', subresource: 'exec', namespace },
    ...['create', 'get', 'delete'].map((verb) => ({
      verb,
      group: 'gateway.networking.k8s.io',
      resource: 'httproutes',
      namespace,
    })),
  ]),
]

/**
 * Checks the user’s permissions before anything is made.
 * @throws MeshproofError MP-372 where the user may not do what a judge does.
 */
export const requireRights = async (clusters: readonly Asked[]): Promise<void> => {
  const missing = await Promise.all(
    clusters.map(async ({ context, kube }) => ({ context, words: await missingPermissions(kube, permissions) })),
  )
  const lacking = missing.filter(({ words }) => words.length > 0)
  if (lacking.length === 0) return
  throw new MeshproofError('MP-372', {
    what: 'You may not do what the judge gateway-api needs',
    where: lacking.map(({ context, words }) => `context ${context}: ${words.join(', ')}`).join('; '),
    next: 'Ask for these rights. kubectl auth can-i shows what you have.',
  })
}

/**
 * Checks the definitions of the Gateway API. In clusters of others it installs none.
 * @throws MeshproofError MP-373 where a cluster lacks the release that is judged.
 */
export const requireDefinitions = async (clusters: readonly Asked[], version: string): Promise<void> => {
  const found = await Promise.all(
    clusters.map(async ({ context, kube }) => ({ context, release: await gatewayApiVersion(kube) })),
  )
  const others = found.filter(({ release }) => release !== version)
  if (others.length === 0) return
  throw new MeshproofError('MP-373', {
    what: `A cluster lacks the definitions of the Gateway API ${version}, which are judged`,
    where: others.map(({ context, release }) => `context ${context}: ${release ?? 'none'}`).join(', '),
    next: `Install the standard channel of the Gateway API ${version} there, or judge a lab: --topology=NAME.`,
  })
}
