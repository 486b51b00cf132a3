import type { V1Secret } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { until } from '#kube/until.ts'
import type { LabCluster } from '#lab/lab.ts'
import { remoteSecretRef } from './remote-secret.ts'

/** The service account that may read a cluster; its installation makes it. */
export const readerServiceAccount = 'istio-reader-service-account'

/**
 * The token of the service account that may read a cluster. A secret requests it, since Kubernetes creates none by
 * itself since 1.24, as it did for the seed. `secret` is the name of that secret.
 * @throws MeshproofError MP-401 when the token is not there within 30 s.
 */
export const readerToken = async (
  { name, kube, istioNamespace }: LabCluster,
  signal?: AbortSignal,
  secret = 'istio-reader-token',
): Promise<{ token: string; authority: string }> => {
  const place = { name: secret, namespace: istioNamespace }
  await kube.apply([
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { ...place, annotations: { 'kubernetes.io/service-account.name': readerServiceAccount } },
    },
  ])
  return until(
    `${name}’s reader service account has a token`,
    async () => {
      const { data } = (await kube.get<V1Secret>({ apiVersion: 'v1', kind: 'Secret', ...place })) ?? {}
      const [token, authority] = [data?.['token'], data?.['ca.crt']]
      return token && authority ? { token: Buffer.from(token, 'base64').toString(), authority } : undefined
    },
    { every: 100, within: 30_000, signal },
  )
}

/**
 * Lets the control plane in `to` watch `of`: a kubeconfig of the reader's token, under the cluster's name, in a secret
 * labelled `istio/multiCluster=true` (seed 003).
 */
export const addReaderSecret = async (
  { of, to }: { of: LabCluster; to: LabCluster },
  signal?: AbortSignal,
): Promise<void> => {
  const { token, authority } = await readerToken(of, signal)
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: of.name,
        cluster: { server: `https://${await of.address()}:6443`, 'certificate-authority-data': authority },
      },
    ],
    users: [{ name: readerServiceAccount, user: { token } }],
    contexts: [
      { name: of.name, context: { cluster: of.name, user: readerServiceAccount, namespace: of.istioNamespace } },
    ],
    'current-context': of.name,
  }
  const { name, namespace } = remoteSecretRef(of.name, to)
  await to.kube.apply([
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels: { 'istio/multiCluster': 'true' } },
      stringData: { [of.name]: stringify(kubeconfig) },
    },
  ])
}
