// Diagnoses a mesh of two clusters, each with 2,100 pods behind 300 services, and prints what it took as JSON. The
// objects are served by API servers on this machine. No kubelet is behind them, so no pod can be asked anything.
import { performance } from 'node:perf_hooks'
import { leave } from '#cli/leave.ts'
import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Manifest } from '#kube/client.ts'
import { survey } from '#probes/survey/survey.ts'
import { fakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects } from '#testing/mesh-objects.ts'

const servicesEach = 300
const podsEach = 7
const namespaces = 20

/** The namespaces, services, slices and pods of one cluster; their addresses begin with `10.CLUSTER`. */
const manyObjects = (cluster: number): Manifest[] => [
  ...Array.from({ length: namespaces }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: `shop-${index}`, labels: { 'istio-injection': 'enabled' } },
  })),
  ...Array.from({ length: servicesEach }, (_, index) => serviceWithPods(cluster, index)).flat(),
]

const serviceWithPods = (cluster: number, index: number): Manifest[] => {
  const [name, namespace] = [`service-${index}`, `shop-${index % namespaces}`]
  const labels = { app: name, 'service.istio.io/canonical-name': name }
  const addresses = Array.from({ length: podsEach }, (_, pod) => {
    const number = index * podsEach + pod
    return `10.${cluster}.${number >> 8}.${number & 255}`
  })
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: {
        clusterIP: `10.9.${index >> 8}.${index & 255}`,
        selector: { app: name },
        ports: [{ name: 'http', port: 80 }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-1`,
        namespace,
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
      },
      ports: [{ name: 'http', port: 8080 }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    },
    ...addresses.map((address, pod) => podAt(address, { name: `${name}-${pod}`, namespace, labels })),
  ]
}

/** A ready pod with a sidecar, of the size that pods of a mesh have. */
const podAt = (address: string, metadata: { name: string; namespace: string; labels: object }): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...metadata, labels: { ...metadata.labels }, creationTimestamp: new Date('2026-01-01') },
  spec: {
    serviceAccountName: 'default',
    initContainers: [{ name: 'istio-init', args: ['istio-iptables', '-i', '*', '-b', '*'] }],
    containers: [
      {
        name: 'istio-proxy',
        image: 'istio/proxyv2:1.31.2',
        args: ['proxy', 'sidecar'],
        env: Array.from({ length: 40 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'x'.repeat(60) })),
      },
    ],
  },
  status: {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})

const servers = await Promise.all(
  [1, 2].map((number) =>
    fakeApiServer([...meshObjects(`cluster${number}`, { network: `network${number}` }), ...manyObjects(number)]),
  ),
)
const since = performance.now()
const mesh = await survey(servers.map((server, index) => server.cluster(`context${index + 1}`)))
await diagnoseMesh(mesh, undefined, new AbortController().signal)
const seconds = (performance.now() - since) / 1000
for (const server of servers) server.close()
console.log(JSON.stringify({ seconds, megabytes: process.resourceUsage().maxRSS / 1000 }))
await leave(0)
