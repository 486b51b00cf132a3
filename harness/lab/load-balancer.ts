import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { V1CustomResourceDefinition, V1Deployment } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { manifestsOf, type Manifest } from '#kube/client.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from './lab.ts'

const namespace = 'metallb-system'

/**
 * Installs MetalLB with one pool of addresses. Its admission webhook is left out and the speakers' secret is made
 * first: as shipped, both cost restarts and up to 80 s. Its pods get a share of the processor, since a speaker that
 * waits for its turn answers no ARP.
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
  await cluster.applyText([first, secret, ...others].map((manifest) => stringify(manifest)).join('---\n'), signal)
  await until('MetalLB accepts its address pool', () => cluster.kube.apply(poolOf(pool)).then(() => true), {
    every: 200,
    within: 30_000,
    signal,
  })
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
 * The manifest without its webhook, the conversion that calls it, its certificate and the service in front of it, and
 * with a share of the processor for every container.
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
