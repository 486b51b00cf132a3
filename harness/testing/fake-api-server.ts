import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { KubeConfig } from '@kubernetes/client-node'
import { clientOf, type Manifest } from '#kube/client.ts'
import type { Permission } from '#kube/permissions.ts'
import type { ContextCluster } from '#probes/survey/contexts.ts'

/**
 * An API server for unit tests, which answers reads over HTTP. `cluster` gives a client with a context of that name.
 */
export type FakeApiServer = { url: string; cluster: (context: string) => ContextCluster; close: () => void }

const plurals: Record<string, Record<string, string>> = {
  v1: {
    Namespace: 'namespaces',
    Node: 'nodes',
    Service: 'services',
    Pod: 'pods',
    Secret: 'secrets',
    ConfigMap: 'configmaps',
    Event: 'events',
  },
  'coordination.k8s.io/v1': { Lease: 'leases' },
  'apps/v1': { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' },
  'discovery.k8s.io/v1': { EndpointSlice: 'endpointslices' },
  'networking.k8s.io/v1': { ServiceCIDR: 'servicecidrs', NetworkPolicy: 'networkpolicies' },
  'authorization.k8s.io/v1': { SelfSubjectAccessReview: 'selfsubjectaccessreviews' },
  'admissionregistration.k8s.io/v1': {
    MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
    ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
  },
  'networking.istio.io/v1': {
    Gateway: 'gateways',
    VirtualService: 'virtualservices',
    DestinationRule: 'destinationrules',
    Sidecar: 'sidecars',
    ServiceEntry: 'serviceentries',
    WorkloadEntry: 'workloadentries',
  },
  'gateway.networking.k8s.io/v1': {
    Gateway: 'gateways',
    GatewayClass: 'gatewayclasses',
    ListenerSet: 'listenersets',
  },
  'apiextensions.k8s.io/v1': { CustomResourceDefinition: 'customresourcedefinitions' },
  'networking.istio.io/v1alpha3': { EnvoyFilter: 'envoyfilters' },
  'security.istio.io/v1': { PeerAuthentication: 'peerauthentications', AuthorizationPolicy: 'authorizationpolicies' },
}

/**
 * Serves objects. Its user may not list the resources in `forbidden`, whose group may stand in front
 * (`gateway.networking.k8s.io/v1/gateways`); `allows` answers for every other permission. It
 * cannot run commands in pods, which only the tests with real clusters cover.
 */
export const fakeApiServer = async (
  objects: Manifest[],
  {
    forbidden = [],
    version = 'v1.34.4',
    allows = () => true,
    logs = {},
  }: {
    forbidden?: string[]
    version?: string
    allows?: (permission: Permission) => boolean
    logs?: Record<string, string>
  } = {},
): Promise<FakeApiServer> => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (url.pathname === '/version') return send(200, { major: '1', minor: '34', gitVersion: version })
    const [, , group] = /^\/(api|apis)\/((?:[^/]+\/)?v1(?:alpha3)?)(?:\/|$)/.exec(url.pathname) ?? []
    const kinds = plurals[group ?? '']
    if (group === undefined || !kinds) return send(404, { message: `no ${url.pathname}` })
    const rest = url.pathname.split(group)[1]?.split('/').filter(Boolean) ?? []
    if (rest.length === 0)
      return send(200, {
        kind: 'APIResourceList',
        groupVersion: group,
        resources: Object.entries(kinds).map(([kind, name]) => ({
          kind,
          name,
          namespaced: ![
            'Namespace',
            'Node',
            'ServiceCIDR',
            'CustomResourceDefinition',
            'MutatingWebhookConfiguration',
            'ValidatingWebhookConfiguration',
            'SelfSubjectAccessReview',
          ].includes(kind),
        })),
      })
    const [namespace, resource, name] =
      rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(1) : [undefined, rest[0], rest[1]]
    if (rest.at(-1) === 'log') {
      const log = logs[name ?? '']
      if (log === undefined) return send(404, { message: `${name} has no log` })
      response.writeHead(200, { 'content-type': 'text/plain' }).end(log)
      return
    }
    if (forbidden.includes(resource ?? '') || forbidden.includes(`${group}/${resource ?? ''}`))
      return send(403, { message: `${resource} is forbidden: User "reader" cannot list resource` })
    const kind = Object.entries(kinds).find(([, plural]) => plural === resource)?.[0]
    if (request.method === 'POST') {
      void json(request).then((review) => {
        send(201, {
          ...(review as object),
          status: { allowed: allows((review as { spec: { resourceAttributes: Permission } }).spec.resourceAttributes) },
        })
      })
      return
    }
    const requiredLabels = (url.searchParams.get('labelSelector') ?? '')
      .split(',')
      .filter(Boolean)
      .map((requirement) => requirement.split('='))
    const items = objects.filter(
      (object) =>
        object.apiVersion === group &&
        object.kind === kind &&
        (namespace === undefined || object.metadata?.namespace === namespace) &&
        requiredLabels.every(([key = '', value]) =>
          value === undefined ? object.metadata?.labels?.[key] !== undefined : object.metadata?.labels?.[key] === value,
        ),
    )
    if (name === undefined) return send(200, { kind: `${kind ?? ''}List`, apiVersion: group, items })
    const found = items.find(({ metadata }) => metadata?.name === name)
    return found ? send(200, found) : send(404, { message: `${name} not found` })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    cluster: (context) => {
      const config = new KubeConfig()
      config.loadFromOptions({
        clusters: [{ name: context, server: url, skipTLSVerify: true }],
        users: [{ name: 'reader' }],
        contexts: [{ name: context, cluster: context, user: 'reader' }],
        currentContext: context,
      })
      return { context, kube: clientOf(context, config) }
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
