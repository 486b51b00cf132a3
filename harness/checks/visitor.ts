import { randomBytes } from 'node:crypto'
import type { V1ConfigMap } from '@kubernetes/client-node'
import { isRolledOut, readyPod } from '#kube/pods.ts'
import type { Manifest } from '#kube/client.ts'
import { fixture } from '#istio/fixture.ts'
import { proxyOf, revisionOfPod } from '#istio/proxy-container.ts'
import { injectionLabel } from '#istio/revision.ts'
import { namespaceOf } from '#istio/workloads.ts'
import { clientOf, type ClientLimits, type Client } from './client.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster } from './target.ts'

/** The prefix of the visitors’ namespaces. */
export const visitorPrefix = 'meshproof-visit-'

/** A client of the mesh that exists for a moment, in a new namespace. */
export type Visitor = {
  sleep: Client
  /** True when its namespace has the mesh’s root. */
  hasRoot: () => Promise<boolean>
  isReady: () => Promise<boolean>
  /** The image of its proxy, once it is ready, and the revision of the control plane that injected it. */
  proxy: () => Promise<{ image: string; revision: string }>
}

/**
 * How to make a visitor: the revision that injects it, the image of its client, and the image of its proxy where that
 * is not the revision’s own.
 */
export type VisitorOf = { revision: string; client: string; proxy?: string | undefined }

/**
 * Deploys a client in a new namespace of a cluster while `during` runs. Then it deletes the namespace, without
 * waiting for the end of the deletion.
 */
export const withVisitor = async <T>(
  { name, kube }: TargetCluster,
  { revision, client, proxy }: VisitorOf,
  record: Recorder,
  limits: ClientLimits,
  during: (visitor: Visitor) => Promise<T>,
): Promise<T> => {
  const namespace = `${visitorPrefix}${randomBytes(3).toString('hex')}`
  const pinned = (manifest: Manifest): Manifest =>
    manifest.kind === 'Deployment' && proxy !== undefined ? withProxyImage(manifest, proxy) : manifest
  record.add({ probe: 'visitor', cluster: name, namespace, revision, proxy: proxy ?? 'the revision’s own' })
  try {
    await kube.apply([
      namespaceOf(namespace, injectionLabel(revision)),
      ...(await fixture('workloads/sleep.yaml', { namespace, curl: client })).map(pinned),
    ])
    return await during({
      sleep: clientOf({ cluster: name, kube, namespace }, record, limits),
      hasRoot: async () =>
        ((await kube.get<V1ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', name: 'istio-ca-root-cert', namespace }))
          ?.data?.['root-cert.pem'] ?? '') !== '',
      isReady: () => isRolledOut(kube, namespace, 'sleep'),
      proxy: async () => {
        const pod = await readyPod(kube, namespace, 'app=sleep')
        const made = { image: proxyOf(pod)?.image ?? 'none', revision: revisionOfPod(pod) ?? 'none' }
        record.add({ probe: 'proxy of the visitor', cluster: name, namespace, ...made })
        return made
      },
    })
  } finally {
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

type Templated = { template: { metadata: { annotations?: Record<string, string> } } }

const withProxyImage = (manifest: Manifest, image: string): Manifest => {
  const spec = manifest['spec'] as Templated
  const { metadata } = spec.template
  return {
    ...manifest,
    spec: {
      ...spec,
      template: {
        ...spec.template,
        metadata: { ...metadata, annotations: { ...metadata.annotations, 'sidecar.istio.io/proxyImage': image } },
      },
    },
  }
}
