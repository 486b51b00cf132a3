import { execIn } from '#kube/pods.ts'
import type { Vantage } from './dial.ts'

/** A port that a program of a pod listens on: at every address of the pod, or only at its loopback address. */
export type ListeningPort = { port: number; onlyLocal: boolean }

/**
 * The TCP ports that the programs of a pod listen on, as the kernel lists them for the pod’s network. A connection
 * would not show it, because the sidecar takes what its own agent sends to the pod’s address. Undefined where the
 * proxy’s image has no program that shows the list, as the distroless one.
 * @throws MeshproofError MP-403 where the pod runs no command.
 */
export const listeningPorts = async ({ kube, namespace, pod }: Vantage): Promise<ListeningPort[] | undefined> => {
  const { stdout } = await execIn(kube, { namespace, pod, container: 'istio-proxy' }, [
    'cat',
    '/proc/net/tcp',
    '/proc/net/tcp6',
  ])
  return listeningIn(stdout)
}

// An IPv6 address that stands for 127.x.y.z ends with these digits, as the kernel writes it on these processors.
const loopback = /^(?:[\dA-F]{6}7F|0{24}01000000|0{16}FFFF0000[\dA-F]{6}7F)$/

/** The ports in the kernel's list of TCP sockets, where 0A is the state of a socket that listens. */
export const listeningIn = (list: string): ListeningPort[] | undefined => {
  const sockets = [...list.matchAll(/^\s*\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} 0A /gm)]
  if (!/local_address/.test(list)) return undefined
  const byPort = Map.groupBy(sockets, ([, , port = '']) => Number.parseInt(port, 16))
  return [...byPort].map(([port, places]) => ({
    port,
    onlyLocal: places.every(([, address = '']) => loopback.test(address)),
  }))
}
