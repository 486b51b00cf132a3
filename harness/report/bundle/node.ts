import { docker } from '#engine/docker.ts'
import { inNode, nodeName } from '#lab/kind.ts'
import type { Piece } from './piece.ts'

const commands = {
  'addresses.txt': 'ip -statistics address',
  'routes.txt': 'ip rule; ip route show table all',
  'iptables.txt': 'iptables-save --counters',
  'kubelet.log': 'journalctl --unit kubelet --no-pager --lines 10000',
}

/**
 * The addresses, routes, packet filters and logs of a kind cluster’s node. The engine is asked for them, so they can
 * be read where no API server answers.
 */
export const nodePieces = (runId: string, cluster: string, signal: AbortSignal): Piece[] => [
  ...Object.entries(commands).map(([file, command]): Piece => ({
    file: `node/${file}`,
    read: () => inNode(runId, cluster, command, signal),
  })),
  { file: 'node/boot.log', read: () => docker(['logs', '--tail', '2000', nodeName(runId, cluster)], { signal }) },
]
