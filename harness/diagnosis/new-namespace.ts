import { z } from 'zod'
import type { Manifest } from '#kube/client.ts'
import { meshConfigOf, policyRootOf, type MeshConfig } from '#probes/survey/mesh-config.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { AuthorizationPolicy } from './authorization.ts'
import { isSelected } from './mesh-namespaces.ts'

/** What a namespace that is added to a mesh needs, so that the mesh treats it as its own. */
export type Admission = {
  /** Labels by which control planes that choose namespaces (`discoverySelectors`) follow it. */
  labels: Record<string, string>
  /** Whether policies of the whole mesh let in only whom they name, so that the namespace needs an allowance. */
  needsAllowance: boolean
}

/** Reads what a new namespace needs in a mesh. @throws MeshproofError where its configuration cannot be read. */
export const admissionTo = async (mesh: Pick<Survey, 'clusters'>): Promise<Admission> => {
  const primaries = primariesOf(mesh)
  const configs = await Promise.all(primaries.map(({ reads }) => meshConfigOf(reads)))
  const allowing = await Promise.all(primaries.map(hasAllowingPolicy))
  return {
    labels: configs.reduce(
      (labels: Record<string, string>, config) => ({ ...labels, ...followed(config, labels) }),
      {},
    ),
    needsAllowance: allowing.includes(true),
  }
}

/** The labels that a mesh config wants of a namespace beside those that it has. */
const followed = (config: MeshConfig, labels: Record<string, string>): Record<string, string> => {
  const wanted = [{}, ...(config.discoverySelectors ?? []).map(labelsFor)]
  return wanted.find((more) => isSelected(config, { ...labels, ...more })) ?? {}
}

type Selector = NonNullable<MeshConfig['discoverySelectors']>[number]

/** Labels that a selector takes. The API server writes the label of a namespace’s name itself. */
const labelsFor = ({ matchLabels = {}, matchExpressions = [] }: Selector): Record<string, string> => {
  const expressed = matchExpressions.flatMap(({ key, operator, values: [first = 'true'] = [] }) =>
    operator === 'In' || operator === 'Exists' ? [[key, first] as const] : [],
  )
  return Object.fromEntries(
    [...Object.entries(matchLabels), ...expressed].filter(([key]) => key !== 'kubernetes.io/metadata.name'),
  )
}

const Spec = z.record(z.string(), z.unknown()).catch({})

/**
 * Whether the whole mesh has a policy that allows: whatever no such policy names is then refused. None where policies
 * cannot be read.
 */
const hasAllowingPolicy = async (primary: Survey['clusters'][number]): Promise<boolean> => {
  const root = await policyRootOf(primary)
  const policies = await primary.reads.istio('AuthorizationPolicy').catch((): Manifest[] => [])
  return policies.some(({ metadata, spec }) => {
    const isOfSome = ['selector', 'targetRef', 'targetRefs'].some((field) => field in Spec.parse(spec))
    return (
      metadata?.namespace === root && !isOfSome && AuthorizationPolicy.safeParse(spec ?? {}).data?.action === 'ALLOW'
    )
  })
}

/** Lets every client into a namespace, which is what no policy at all means elsewhere. */
export const allowance = (namespace: string): Manifest => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'meshproof', namespace },
  spec: { rules: [{}] },
})
