import type { Manifest } from '#kube/client.ts'

/** How the cluster of a fake mesh differs from the default. */
export type Shape = {
  network?: string
  role?: 'primary' | 'remote'
  mesh?: string
  uid?: string
  istioNamespace?: string
  podCidr?: string
  revision?: string
  /** The version of each proxy: for each there is a pod. */
  proxies?: string[]
  more?: Manifest[]
}

const labels = (values: Record<string, string>): { labels: Record<string, string> } => ({ labels: values })

/**
 * The objects by which a cluster of a mesh is recognised: its control plane, or an injector that calls the control
 * plane of another cluster.
 */
export const meshObjects = (
  name: string,
  {
    network = 'network1',
    role = 'primary',
    mesh = 'mesh1',
    uid = name,
    istioNamespace = 'istio-system',
    podCidr = `10.${name.length + Number(name.at(-1)) * 10}.0.0/24`,
    revision,
    proxies = [],
    more = [],
  }: Shape = {},
): Manifest[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid } },
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: istioNamespace, ...labels(network ? { 'topology.istio.io/network': network } : {}) },
  },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', ...labels({ 'istio-injection': 'enabled' }) } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: `${name}-node` }, spec: { podCIDRs: [podCidr] } },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: 'istio-sidecar-injector',
      ...labels({ app: 'sidecar-injector', ...(revision ? { 'istio.io/rev': revision } : {}) }),
    },
    webhooks: [
      {
        name: 'namespace.sidecar-injector.istio.io',
        namespaceSelector: {
          matchExpressions: revision
            ? [
                { key: 'istio.io/rev', operator: 'In', values: [revision] },
                { key: 'istio-injection', operator: 'DoesNotExist' },
              ]
            : [{ key: 'istio-injection', operator: 'In', values: ['enabled'] }],
        },
        clientConfig: {
          service: {
            name: 'istiod',
            namespace: istioNamespace,
            path: role === 'remote' ? `/inject/cluster/${name}/net/${network}` : '/inject',
          },
        },
      },
    ],
  },
  ...(role === 'primary'
    ? [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'istiod', namespace: istioNamespace, ...labels({ app: 'istiod' }) },
          spec: {
            template: {
              spec: {
                containers: [
                  { name: 'discovery', image: 'istio/pilot:1.31.2', env: [{ name: 'CLUSTER_ID', value: name }] },
                ],
              },
            },
          },
        },
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'istio-sidecar-injector', namespace: istioNamespace },
          data: { values: JSON.stringify({ global: { meshID: mesh, network, multiCluster: { clusterName: name } } }) },
        },
      ]
    : []),
  ...proxies.map((version, index): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `client-${index + 1}`,
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'client', uid: 'client' }],
      ...labels({
        app: 'client',
        'service.istio.io/canonical-name': 'client',
        ...(network ? { 'topology.istio.io/network': network } : {}),
      }),
    },
    spec: {
      containers: [
        {
          name: 'istio-proxy',
          image: `istio/proxyv2:${version}`,
          args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
          env: [
            { name: 'ISTIO_META_CLUSTER_ID', value: name },
            { name: 'ISTIO_META_NETWORK', value: network },
            { name: 'ISTIO_META_MESH_ID', value: mesh },
          ],
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: `10.1.${name.length}.${index + 1}`,
      podIPs: [{ ip: `10.1.${name.length}.${index + 1}` }],
    },
  })),
  ...more,
]
