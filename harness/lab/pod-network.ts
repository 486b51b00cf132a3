import { requireEngine } from '#engine/docker.ts'
import { inNode } from './kind.ts'
import { MeshproofError } from '#errors.ts'
import type { Manifest } from '#kube/client.ts'
import type { ClusterPlan } from '#topology/topology-file.ts'

/**
 * Gives a node its pod network. It first waits until kube-proxy has programmed the `kubernetes` service: a pod that
 * starts earlier loses its first SYN to the API server and waits 30 s for a timeout. Until then the node has no CNI
 * configuration, so that no pod starts.
 *
 * Traffic to addresses outside the cluster's network gets the node's address. The address ranges of other networks are
 * unreachable. Without that rule, packets for them would leave the machine through its default route.
 * @throws MeshproofError MP-430 when kube-proxy does not come up within 90 s.
 */
export const openPodNetwork = async (
  runId: string,
  cluster: ClusterPlan,
  clusters: ClusterPlan[],
  signal: AbortSignal,
): Promise<void> => {
  const reachable = clusters
    .filter(({ network }) => network === cluster.network)
    .flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
  const unreachable = clusters
    .filter(({ network }) => network !== cluster.network)
    .flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
  const script = `
    tries=0
    until iptables -t nat -S KUBE-SERVICES 2>/dev/null | grep -q default/kubernetes; do
      tries=$((tries + 1)); [ "$tries" -lt 450 ] || exit 75
      sleep 0.2
    done
    iptables -t nat -N MESHPROOF-MASQ
    ${reachable.map((range) => `iptables -t nat -A MESHPROOF-MASQ -d ${range} -j RETURN`).join('\n')}
    iptables -t nat -A MESHPROOF-MASQ -j MASQUERADE
    iptables -t nat -A POSTROUTING -s ${cluster.podCidr} -j MESHPROOF-MASQ
    ${unreachable.map((range) => `ip route add unreachable ${range}`).join('\n')}
    mkdir -p /etc/cni/net.d
    cat > /etc/cni/net.d/10-meshproof.conflist <<'END'
${JSON.stringify(cniConfig(cluster))}
END`
  try {
    await inNode(runId, cluster.name, script, signal)
  } catch (error) {
    if (signal.aborted) throw error
    await requireEngine(signal)
    throw new MeshproofError('MP-430', {
      what: 'kube-proxy did not program its rules in time',
      where: cluster.name,
      next: 'Run the same command with --keep and look at the kube-proxy pod in kube-system.',
      cause: error,
    })
  }
}

/**
 * Runs one CoreDNS pod instead of kubeadm's two, and probes its readiness every second instead of every ten. No proxy
 * finds its control plane before CoreDNS is ready. Apply it before pods get a network, while CoreDNS still waits for
 * it.
 */
export const fastCoreDns: Manifest[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    spec: {
      replicas: 1,
      template: { spec: { containers: [{ name: 'coredns', readinessProbe: { periodSeconds: 1 } }] } },
    },
  },
]

const cniConfig = ({ podCidr }: ClusterPlan): object => ({
  cniVersion: '0.4.0',
  name: 'meshproof',
  plugins: [
    {
      type: 'ptp',
      mtu: 1500,
      ipMasq: false,
      ipam: { type: 'host-local', ranges: [[{ subnet: nodeRange(podCidr) }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

/** The address range of the node's pods. Kubernetes gives the first node the first /24 of the pod range. */
const nodeRange = (podCidr: string): string => podCidr.replace(/\/\d+$/, '/24')
