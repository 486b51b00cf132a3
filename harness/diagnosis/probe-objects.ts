import type { V1Pod } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { type Admission, admittingObjects } from './new-namespace.ts'
import type { Manifest } from '#kube/client.ts'

/** The one namespace that diagnosing with --probe makes in every cluster. */
export const probeNamespace = 'meshproof-probe'

/** The name of the service whose pod runs in one cluster alone, by the cluster’s place in the mesh. */
export const serviceIn = (index: number): string => `in-cluster-${index + 1}`

const label = 'dev.meshproof.probe'

/** What stands in that namespace beside its pod. */
export const probeObjects = {
  label,
  /** By `labels` it asks for sidecars, and control planes follow it. */
  namespace: (labels: Record<string, string>): Manifest => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: probeNamespace, labels: { ...labels, [label]: 'true' } },
  }),
  services: ({ clusters }: Survey): Manifest[] =>
    clusters.map((_, index) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: serviceIn(index), namespace: probeNamespace },
      spec: { selector: { [label]: serviceIn(index) }, ports: [{ name: 'http', port: 8080 }] },
    })),
  /**
   * What the namespace needs in the mesh of a primary. A kept connection hides a broken way: every request gets its
   * own.
   */
  rules: ({ domain }: Survey, primary: string, admission: Admission): Manifest[] => {
    const ofMesh = admission.trafficPolicies[primary] ?? {}
    const connectionPool = { http: { maxRequestsPerConnection: 1 } }
    const trafficPolicies = { [primary]: { ...ofMesh, connectionPool } }
    return admittingObjects({ ...admission, trafficPolicies }, { namespace: probeNamespace, domain, primary })
  },
}

/** A pod that serves with the proxy image’s Envoy and asks with its agent: no other image is needed. */
export const probePod = ({ name }: SurveyedCluster, index: number, image: string): V1Pod & Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe', namespace: probeNamespace, labels: { [label]: serviceIn(index) } },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'probe',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: [
          'envoy',
          '--disable-hot-restart',
          '--concurrency',
          '1',
          '--log-level',
          'error',
          '--config-yaml',
          stringify(serverThatSays(name)),
        ],
        // Not the user of sidecars, whose requests go past the sidecar.
        securityContext: {
          runAsUser: 65_532,
          runAsGroup: 65_532,
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
        resources: { requests: { cpu: '10m', memory: '40Mi' } },
      },
    ],
  },
})

const filterTypes = 'type.googleapis.com/envoy.extensions.filters'

const serverThatSays = (text: string): object => ({
  static_resources: {
    listeners: [
      {
        address: { socket_address: { address: '0.0.0.0', port_value: 8080 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type': `${filterTypes}.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: 'probe',
                  http_filters: [
                    {
                      name: 'envoy.filters.http.router',
                      typed_config: { '@type': `${filterTypes}.http.router.v3.Router` },
                    },
                  ],
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [
                          { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text } } },
                        ],
                      },
                    ],
                  },
                },
              },
            ],
          },
        ],
      },
    ],
  },
})
