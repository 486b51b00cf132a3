import { stringify } from 'yaml'
import { minorOf } from '#images/version.ts'
import type { ClusterPlan } from '#topology/topology-file.ts'

/** The settings of a kind cluster. */
export type KindCluster = {
  runId: string
  plan: ClusterPlan
  kind: string
  image: string
  /** The version of Kubernetes in the image, as v1.34.4. */
  kubernetes: string
  kubeconfig: string
  /**
   * Image tags for kubeadm. A node image that is built here holds these tags and not kubeadm's defaults, which differ
   * between minors.
   */
  tags: { etcd?: string | undefined; coredns?: string | undefined }
  /**
   * True on a host that cannot grant every capability. The kubelet then ignores the kernel settings it cannot change.
   */
  restricted: boolean
  /** The version of the engine's cgroups, as it reports it: '1' or '2'. */
  cgroupVersion: string
}

const etcdOfNode = 'http://127.0.0.1:2379'

/**
 * Settings for a cluster with one node that exists for minutes. Without leader election a controller starts four
 * seconds sooner, and with a higher request rate another three. etcd does not flush each write to the disk, and speaks
 * plain HTTP on the node's own loopback, where the API server asks it thousands of times.
 */
const shortLived = {
  controllerManager: { extraArgs: { 'leader-elect': 'false', 'kube-api-qps': '200', 'kube-api-burst': '400' } },
  scheduler: { extraArgs: { 'leader-elect': 'false' } },
  apiServer: { extraArgs: { 'etcd-servers': etcdOfNode } },
  etcd: {
    extraArgs: {
      'unsafe-no-fsync': 'true',
      'listen-client-urls': etcdOfNode,
      'advertise-client-urls': etcdOfNode,
    },
  },
}

/**
 * Elliptic keys for the certificates of the control plane: kubeadm makes sixteen, and RSA keys take it a second of both
 * cores. kind writes kubeadm’s v1beta3 up to Kubernetes 1.35, which has a feature gate in place of the field.
 */
const ellipticKeys = (kubernetes: string): object =>
  isFrom(36, kubernetes) ? { encryptionAlgorithm: 'ECDSA-P256' } : { featureGates: { PublicKeysECDSA: true } }

/** Whether a version of Kubernetes is of this minor or a later one. */
const isFrom = (minor: number, kubernetes: string): boolean => (minorOf(kubernetes) ?? 0) >= minor

/**
 * The configuration for kubeadm. Without an apiVersion, kind adds the one of that version of kubeadm, and turns the
 * arguments into the list that v1beta4 has in their place. Kubernetes 1.32 and later know every flag.
 */
const clusterConfiguration = ({ kubernetes, tags: { etcd, coredns } }: KindCluster): object => ({
  kind: 'ClusterConfiguration',
  ...ellipticKeys(kubernetes),
  controllerManager: shortLived.controllerManager,
  scheduler: shortLived.scheduler,
  apiServer: shortLived.apiServer,
  etcd: { local: { ...shortLived.etcd, ...(etcd === undefined ? {} : { imageTag: etcd }) } },
  ...(coredns === undefined ? {} : { dns: { imageTag: coredns } }),
})

/**
 * What kubeadm leaves out: the checks that kind leaves out, a kubelet that renews its certificate within a year (which
 * restarts it), and tokens for nodes that join. From Kubernetes 1.36 on it makes them: that phase also lets the API
 * server ask kubelet, and without it no command can be run in a pod.
 */
const initConfiguration = (kubernetes: string): object => ({
  kind: 'InitConfiguration',
  skipPhases: [
    'preflight',
    'kubelet-finalize',
    ...(isFrom(36, kubernetes) ? [] : ['bootstrap-token']),
    'show-join-command',
  ],
})

/**
 * The settings of kubelet. It serves with the certificate of the API server beside it, which is for this node as well:
 * otherwise it makes an RSA key, which takes time at the start and with every command in a pod. From Kubernetes 1.35 on
 * it refuses to start on cgroups of version 1 unless it is told to accept them.
 */
const kubeletConfiguration = ({ kubernetes, cgroupVersion }: KindCluster): object => ({
  kind: 'KubeletConfiguration',
  tlsCertFile: '/etc/kubernetes/pki/apiserver.crt',
  tlsPrivateKeyFile: '/etc/kubernetes/pki/apiserver.key',
  ...(cgroupVersion === '1' && isFrom(35, kubernetes) ? { failCgroupV1: false } : {}),
})

/** kind’s configuration of a cluster, in YAML. */
export const kindConfig = (cluster: KindCluster): string =>
  stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: {
      podSubnet: cluster.plan.podCidr,
      serviceSubnet: cluster.plan.serviceCidr,
      disableDefaultCNI: true,
      kubeProxyMode: 'iptables',
    },
    ...(cluster.restricted ? { featureGates: { KubeletInUserNamespace: true } } : {}),
    nodes: [{ role: 'control-plane', image: cluster.image }],
    kubeadmConfigPatches: [
      clusterConfiguration(cluster),
      initConfiguration(cluster.kubernetes),
      kubeletConfiguration(cluster),
    ].map((patch) => stringify(patch)),
  })
