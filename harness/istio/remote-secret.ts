import type { V1Secret } from '@kubernetes/client-node'
import { manifestsOf, type Ref } from '#kube/client.ts'
import type { LabCluster } from '#lab/lab.ts'
import { istioctl } from './istioctl.ts'
import type { IstioCluster } from './istiod-pods.ts'

/** Where the remote secret of a cluster lies in that of a control plane. */
export const remoteSecretRef = (
  of: string,
  { istioNamespace }: Pick<IstioCluster, 'istioNamespace'>,
): Ref & { namespace: string } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  name: `istio-remote-secret-${of}`,
  namespace: istioNamespace,
})

/**
 * Lets the control plane in `to` watch the API server of `of`. The server is dialled at the node's address on the
 * engine's network, since the kubeconfig's own is a loopback address of the host.
 */
export const addRemoteSecret = async (
  { of, to, serviceAccount }: { of: LabCluster; to: LabCluster; serviceAccount?: string },
  signal: AbortSignal,
): Promise<void> => {
  const account = serviceAccount === undefined ? [] : ['--service-account', serviceAccount]
  await createSecret(of, to, ['--name', of.name, ...account], signal)
}

/**
 * Makes a cluster the config cluster of the istiod in `to`: a kubeconfig that istiod takes instead of its own
 * cluster’s, in a secret of the name `istio-kubeconfig`.
 */
export const addConfigSecret = ({ of, to }: { of: LabCluster; to: LabCluster }, signal: AbortSignal): Promise<void> =>
  createSecret(of, to, ['--type', 'config', '--service-account', 'istiod'], signal)

const createSecret = async (of: LabCluster, to: LabCluster, options: string[], signal: AbortSignal): Promise<void> => {
  const server = `https://${await of.address()}:6443`
  const secret = await istioctl(of, ['create-remote-secret', ...options, '--server', server], signal)
  await to.kube.apply(manifestsOf(secret))
}

/**
 * The kubeconfig inside the remote secret of a cluster, whatever the secret is called: it holds a token, so it goes to
 * a program's standard input and nowhere else.
 */
export const remoteKubeconfig = async (
  { kube, istioNamespace }: IstioCluster,
  of: string,
): Promise<string | undefined> => {
  const secrets = await kube.list<V1Secret>({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: istioNamespace,
    selector: 'istio/multiCluster=true',
  })
  const encoded = secrets.map(({ data }) => data?.[of]).find((value) => value !== undefined)
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString()
}
