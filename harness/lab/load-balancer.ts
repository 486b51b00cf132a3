import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { V1CustomResourceDefinition, V1Deployment } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { manifestsOf, type Manifest } from '#kube/client.ts'
import { askForDefinedKinds } from '#kube/defined-kinds.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from './lab.ts'

const namespace = 'metallb-system'

/**
 * Installs MetalLB with a pool of addresses. It leaves out the admission webhook and creates the speakers' secret
 * first: as published, both cause restarts and take up to 80 s. MetalLB's pods request a share of the processor,
 * because a speaker that does not get to run answers no ARP requests.
 */
export const installLoadBalancer = async (
  cluster: LabCluster,
  manifestPath: string,
  pool: string,
  signal: AbortSignal,
): Promise<void> => {
  const [first, ...others] = withoutWebhook(manifestsOf(await readFile(manifestPath, 'utf8')))
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'memberlist', namespace },
    stringData: { secretkey: randomBytes(96).toString('base64') },
  }
  const manifest = [first, secret, ...others].map((object) => stringify(object)).join('---\n')
  const applied = await cluster.applyText(manifest, signal)
  await Promise.all([
    askForDefinedKinds(cluster.kube, applied),
    until('MetalLB accepts its address pool', () => cluster.kube.apply(poolOf(pool)).then(() => true), {
      every: 200,
      within: 30_000,
      signal,
    }),
  ])
}

const poolOf = (addresses: string): Manifest[] => [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'meshproof', namespace },
    spec: { addresses: [addresses] },
  },
  { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'meshproof', namespace } },
]

/**
 * Removes from a manifest the webhook, the conversion that calls it, its certificate and its service. Adds a processor
 * request to every container.
 */
export const withoutWebhook = (manifests: Manifest[]): Manifest[] =>
  manifests.flatMap((manifest): Manifest[] => {
    const name = manifest.metadata?.name ?? ''
    if (manifest.kind === 'ValidatingWebhookConfiguration' || /webhook/.test(name)) return []
    if (manifest.kind === 'CustomResourceDefinition') {
      const { conversion: _, ...spec } = (manifest as Manifest & Pick<V1CustomResourceDefinition, 'spec'>).spec
      return [{ ...manifest, spec }]
    }
    const template =
      manifest.kind === 'Deployment' || manifest.kind === 'DaemonSet'
        ? (manifest as V1Deployment).spec?.template.spec
        : undefined
    for (const container of template?.containers ?? []) container.resources = { requests: { cpu: '50m' } }
    if (!template || name !== 'controller') return [manifest]
    delete template.volumes
    for (const container of template.containers) {
      container.args = [
        ...(container.args ?? []).filter((argument) => !argument.startsWith('--webhook-mode')),
        '--webhook-mode=disabled',
      ]
      delete container.volumeMounts
    }
    return [manifest]
  })
