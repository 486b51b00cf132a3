import { execIn } from '#kube/pods.ts'
import { answerTo, clientHello } from './client-hello.ts'
import type { Vantage } from './dial.ts'
import { hostPort } from './transfers.ts'

/** The protocols that sidecars offer each other; gateways between networks pass on connections that offer one. */
const istioProtocols = ['istio-peer-exchange', 'istio']

// curl’s telnet doubles the bytes of this value, and takes those that come for commands.
const telnetCommand = 0xff

/**
 * Greets a port as a sidecar greets a server of the mesh, by its server name, and hears how it answers; the handshake
 * goes no further. Undefined where the pod has no curl to do it with.
 * @throws MeshproofError MP-403 when the exec cannot be carried out.
 */
export const greet = async (
  { kube, namespace, pod }: Vantage,
  host: string,
  port: number,
  serverName: string,
): Promise<ReturnType<typeof answerTo> | undefined> => {
  const hello = helloWithout(telnetCommand, serverName)
  if (!hello) return undefined
  const { stdout, exitCode } = await execIn(
    kube,
    { namespace, pod, container: 'istio-proxy' },
    [
      'curl',
      '--silent',
      '--no-buffer',
      '--noproxy',
      '*',
      '--connect-timeout',
      '2',
      '--max-time',
      '2',
      `telnet://${hostPort(host, port)}`,
    ],
    // What follows is no TLS: it makes the server end the connection instead of waiting for the rest of a handshake.
    { stdin: Buffer.concat([hello, Buffer.from('\r\n'.repeat(4))]) },
  )
  const answer = answerTo(stdout)
  return answer === 'nothing' && ![0, timedOut, reset].includes(exitCode) ? undefined : answer
}

/** curl’s exit codes for a connection that stays silent, and for one that was reset. */
const [timedOut, reset] = [28, 56]

/** A greeting without a byte, of those that differ by what is random in them; undefined where none is. */
const helloWithout = (byte: number, serverName: string): Buffer | undefined =>
  Array.from({ length: 50 }, () => clientHello(serverName, istioProtocols)).find((hello) => !hello.includes(byte))
