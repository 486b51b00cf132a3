import { execIn, readyPod } from '#kube/pods.ts'
import { istiodApi, type IstioCluster } from '#istio/istiod-pods.ts'
import { remoteKubeconfig } from '#istio/remote-secret.ts'
import { readRemoteKubeconfig } from '#istio/remote-kubeconfig.ts'

/** The result of using the server and the token of a remote secret from a pod in the control plane’s cluster. */
export type RemoteAccess = {
  server: string
  /** HTTP status of listing pods with the secret's token; 0 when the server was not reached. */
  withToken: number
  /** HTTP status without the token: the control, which shows that the token opened the server. */
  withoutToken: number
  error: string
}

/**
 * Uses the remote secret of a cluster the way istiod does: its server, its credentials, from a pod `app=sleep` beside
 * istiod. The token goes through standard input and appears in no argument, log or report. Undefined when there is no
 * such secret.
 */
export const remoteAccess = async (
  primary: IstioCluster,
  of: string,
  namespace: string,
): Promise<RemoteAccess | undefined> => {
  const kube = istiodApi(primary)
  const text = await remoteKubeconfig(primary, of)
  if (text === undefined) return undefined
  const access = readRemoteKubeconfig(text)
  if ('malformed' in access) return { server: '', withToken: 0, withoutToken: 0, error: access.malformed }
  const server = `${access.server.origin}${access.server.pathname}`.replace(/\/$/, '')
  const token = access.credentials.token ?? ''
  const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
  // A quote or a line break in the secret would become a setting of curl.
  if (/["\\\s]/.test(`${server}${token}`))
    return { server, withToken: 0, withoutToken: 0, error: 'the server or the token holds characters that neither has' }
  const ask = async (header: string): Promise<{ status: number; error: string }> => {
    const settings =
      `url = "${server}/api/v1/pods?limit=1"\ninsecure\nsilent\nshow-error\nmax-time = 4\noutput = ` +
      `/dev/null\nwrite-out = "%{http_code}"\n${header}`
    // The channel has no way to close standard input, so curl is handed a finite piece of it.
    const { stdout, stderr } = await execIn(
      kube,
      { namespace, pod, container: 'sleep' },
      ['sh', '-c', `head -c ${Buffer.byteLength(settings)} | curl --config -`],
      { stdin: settings },
    )
    return { status: Number(stdout.trim()) || 0, error: stderr.trim().split('\n')[0] ?? '' }
  }
  const [withToken, withoutToken] = await Promise.all([ask(`header = "Authorization: Bearer ${token}"\n`), ask('')])
  return { server, withToken: withToken.status, withoutToken: withoutToken.status, error: withToken.error }
}
