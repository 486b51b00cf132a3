import { ownNamespaces } from '#checks/existing-target.ts'
import type { Admission } from '#diagnosis/new-namespace.ts'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { missingPermissions, type Permission } from '#kube/permissions.ts'

/** What some runs do beside the usual: deploy echo, and write what their namespace needs in the mesh. */
type Extra = { echo: boolean; admission: Admission }

/**
 * What a run does in a cluster, all of it in its two namespaces. Policies are made only where a control plane runs.
 */
const permissionsFor = (role: 'primary' | 'remote', { echo, admission }: Extra): Permission[] => {
  const namespace = ownNamespaces.mesh
  const withVerbs = (verbs: string[], resource: Omit<Permission, 'verb'>): Permission[] =>
    verbs.map((verb) => ({ verb, ...resource }))
  return [
    { verb: 'create', resource: 'namespaces' },
    ...Object.values(ownNamespaces).map((name) => ({ verb: 'delete', resource: 'namespaces', name })),
    ...['services', 'serviceaccounts'].flatMap((resource) => withVerbs(['create', 'patch'], { resource, namespace })),
    ...withVerbs(['create', 'patch'], { group: 'apps', resource: 'deployments', namespace }),
    ...(echo ? withVerbs(['create', 'patch'], { group: 'apps', resource: 'statefulsets', namespace }) : []),
    { verb: 'create', resource: 'pods', subresource: 'exec', namespace },
    { verb: 'create', resource: 'pods', subresource: 'portforward', namespace },
    { verb: 'get', resource: 'pods', subresource: 'log', namespace },
    ...(role === 'primary'
      ? ([
          ['networking.istio.io', 'destinationrules'],
          ['networking.istio.io', 'virtualservices'],
          ['security.istio.io', 'peerauthentications'],
          ...(echo ? [['networking.istio.io', 'serviceentries'] as const] : []),
          ...(admission.needsAllowance ? [['security.istio.io', 'authorizationpolicies'] as const] : []),
          ...(admission.needsSidecar ? [['networking.istio.io', 'sidecars'] as const] : []),
        ] as const)
      : []
    ).flatMap(([group, resource]) => withVerbs(['get', 'create', 'patch', 'delete'], { group, resource, namespace })),
  ]
}

/**
 * Checks the user’s permissions before anything is made, those for what this run does beside the usual included.
 * @throws MeshproofError MP-142 when any is missing.
 */
export const requirePermissions = async (
  clusters: { context: string; kube: KubeClient; role: 'primary' | 'remote' }[],
  extra: Extra,
): Promise<void> => {
  const lacking = (
    await Promise.all(
      clusters.map(async ({ context, kube, role }) => {
        const words = await missingPermissions(kube, permissionsFor(role, extra))
        return words.length > 0 ? [`context ${context}: ${words.join(', ')}`] : []
      }),
    )
  ).flat()
  if (lacking.length === 0) return
  throw new MeshproofError('MP-142', {
    what: 'You may not do what the checks need',
    where: lacking.join('; '),
    next:
      `Ask for these rights; all but namespaces are needed in ${ownNamespaces.mesh} and ${ownNamespaces.outside} ` +
      'alone. kubectl auth can-i shows what you have.',
  })
}
