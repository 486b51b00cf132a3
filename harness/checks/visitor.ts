import { randomBytes } from 'node:crypto'
import type { V1ConfigMap } from '@kubernetes/client-node'
import { isRolledOut, readyPod } from '#kube/pods.ts'
import type { Manifest } from '#kube/client.ts'
import { fixture } from '#istio/fixture.ts'
import { proxyOf, revisionOfPod } from '#istio/proxy-container.ts'
import { injectionLabel } from '#istio/revision.ts'
import { namespaceOf } from '#istio/workloads.ts'
import { clientOf, type Asking, type Client } from './client.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster } from './target.ts'

/** What the namespaces of visitors begin with. */
export const visitorPrefix = 'meshproof-visit-'

/** A client of the mesh that is there for a moment, in a namespace that is as new as it is. */
export type Visitor = {
  sleep: Client
  /** Whether its namespace was given the mesh’s root. */
  hasRoot: () => Promise<boolean>
  isReady: () => Promise<boolean>
  /** What its proxy was made of, once it is ready, and by which control plane’s revision. */
  proxy: () => Promise<{ image: string; revision: string }>
}

/**
 * What a visitor is made of: the revision that injects it, the image of its client, and of its proxy where that is not
 * the revision’s own.
 */
export type VisitorOf = { revision: string; client: string; proxy?: string | undefined }

/**
 * Deploys a client in a new namespace of a cluster for as long as `during` runs. Its namespace is deleted with all that
 * is in it; nobody waits for that.
 */
export const withVisitor = async <T>(
  { name, kube }: TargetCluster,
  { revision, client, proxy }: VisitorOf,
  record: Recorder,
  asking: Asking,
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
      sleep: clientOf({ cluster: name, kube, namespace }, record, asking),
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
