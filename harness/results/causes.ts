import type { Layer } from './results.ts'

/** What is wrong, in one line, and what to do about it. */
export type Cause = { layer: Layer; cause: string; hint: string }

/** The causes a check can name, by their stable code. The bands of the codes are the layers, from the bottom. */
export const causes = {
  'MP-711': {
    layer: 'network',
    cause: 'pods of one network reach pods of another directly',
    hint: 'Remove the routes or peering between the pod ranges, or put both clusters on one network.',
  },
  'MP-712': {
    layer: 'network',
    cause: 'the gateway’s port 15443 cannot be reached from the other cluster',
    hint: 'Look for a firewall or network policy on 15443, and for a gateway pod that is not ready.',
  },
  'MP-713': {
    layer: 'network',
    cause: 'the gateway has no address',
    hint: 'kubectl get svc -A -l istio=eastwestgateway: a pending address means the load balancer has none to give.',
  },
  'MP-714': {
    layer: 'network',
    cause: 'a pod cannot reach a pod of its own cluster',
    hint: 'The pod network itself is broken: look at the node’s CNI before anything of Istio.',
  },
  'MP-715': {
    layer: 'network',
    cause: 'clusters of one network use overlapping ranges',
    hint:
      'Give every cluster pod and service ranges of its own; the API server’s ServiceCIDR objects and the nodes’ ' +
      'podCIDRs show them.',
  },
  'MP-716': {
    layer: 'network',
    cause: 'a pod cannot reach pods of another cluster on its network',
    hint: 'Look at the routes between the clusters’ nodes, in both directions, and at what filters between them.',
  },
  'MP-717': {
    layer: 'network',
    cause: 'an east-west gateway has not the ready replicas that it should',
    hint:
      'kubectl get deploy -A -l istio=eastwestgateway: an install sets the replicas again; set them, and ' +
      'no autoscaling, in its operator file.',
  },
  'MP-721': {
    layer: 'trust',
    cause: 'the clusters’ certificates come from different roots',
    hint: 'Create cacerts in every cluster from one root, then restart istiod and the workloads.',
  },
  'MP-722': {
    layer: 'trust',
    cause: 'a workload’s certificate chain does not lead to its trusted root',
    hint: 'Compare cert-chain.pem and root-cert.pem in cacerts; restart the workload after mending them.',
  },
  'MP-723': {
    layer: 'trust',
    cause: 'a workload was signed by another intermediate than its control plane’s',
    hint: 'Restart istiod so that it reads cacerts, then the workload.',
  },
  'MP-724': {
    layer: 'trust',
    cause: 'a cluster has no cacerts secret',
    hint: 'Create the secret cacerts in Istio’s root namespace before the control plane is installed.',
  },
  'MP-725': {
    layer: 'trust',
    cause: 'a new namespace is not given the mesh’s root',
    hint:
      'Look in istiod’s log for the config map istio-ca-root-cert: one control plane alone writes it, the leader ' +
      'of the election istio-namespace-controller-election.',
  },
  'MP-730': {
    layer: 'control',
    cause: 'a proxy belongs to a control plane that is gone',
    hint:
      'Restart the workload, so that a control plane that runs gives it its proxy; annotation istio.io/rev of the ' +
      'pod names the one that it belongs to.',
  },
  'MP-731': {
    layer: 'control',
    cause: 'istiod is not ready or has restarted',
    hint: 'kubectl get pods -A -l app=istiod, then kubectl logs --previous of the one that restarted.',
  },
  'MP-732': {
    layer: 'control',
    cause: 'the control plane does not watch a cluster',
    hint:
      'istioctl create-remote-secret in that cluster, applied to the control plane’s; the secret’s name must be ' +
      'the cluster’s.',
  },
  'MP-733': {
    layer: 'control',
    cause: 'the remote secret’s server or credentials do not work',
    hint:
      'Its server must be reachable from istiod’s pods, and its token still valid: create the remote secret ' +
      'again.',
  },
  'MP-734': {
    layer: 'control',
    cause: 'istiod’s endpoints are not those of the API server',
    hint:
      'A watch has stalled: look at istiod’s log for that cluster; recreating the remote secret restarts the ' +
      'watch.',
  },
  'MP-735': {
    layer: 'control',
    cause: 'a proxy is not in sync with the control plane',
    hint: 'istioctl proxy-status; a proxy that is missing cannot reach istiod or is not trusted by it.',
  },
  'MP-736': {
    layer: 'control',
    cause: 'a new pod does not get the sidecar it should',
    hint: 'Look at the mutating webhook’s address and caBundle in that cluster, and at port 15017 behind it.',
  },
  'MP-737': {
    layer: 'control',
    cause: 'a remote cluster runs a control plane of its own',
    hint: 'This topology has one control plane: uninstall istiod from the remote cluster.',
  },
  'MP-738': {
    layer: 'control',
    cause: 'a remote cluster looks for istiod at another address than istiod has',
    hint:
      'Compare the endpoints of service istiod in that cluster with the control plane’s address; install the ' +
      'remote profile again with that.',
  },
  'MP-739': {
    layer: 'control',
    cause: 'a proxy or control plane runs another release than it should',
    hint:
      'The evidence lists what each runs: restart the workloads that were left behind, or install again what was ' +
      'not upgraded.',
  },
  'MP-741': {
    layer: 'discovery',
    cause: 'a client’s proxy holds other endpoints than it should',
    hint: 'Look at the network labels of Istio’s root namespace and of the pods, and at meshNetworks.',
  },
  'MP-742': {
    layer: 'discovery',
    cause: 'meshNetworks still holds the placeholder 0.0.0.0 instead of a gateway’s address',
    hint: 'Patch the meshNetworks key of config map istio with the address of istio-eastwestgateway.',
  },
  'MP-743': {
    layer: 'discovery',
    cause: 'a service’s name does not resolve',
    hint: 'Create the namespace and the service (without workloads) in the cluster of the client.',
  },
  'MP-744': {
    layer: 'discovery',
    cause: 'the control plane does not follow changes of meshNetworks',
    hint: 'Look at istiod’s log for an error in meshNetworks.',
  },
  'MP-745': {
    layer: 'discovery',
    cause: 'replicas of a gateway do not pass on the same services',
    hint:
      'istioctl proxy-config listeners of each replica at port 15443: one without routes has no Gateway that ' +
      'selects it, or an outdated configuration.',
  },
  'MP-751': {
    layer: 'reach',
    cause: 'a client does not reach the version in its own cluster',
    hint: 'Look at the helloworld pod and its sidecar in that cluster.',
  },
  'MP-752': {
    layer: 'reach',
    cause: 'a client does not reach both versions',
    hint: 'The layers below are fine: look at policies (DestinationRule, Sidecar, PeerAuthentication) for helloworld.',
  },
  'MP-753': {
    layer: 'reach',
    cause: 'a request took another path than this topology’s',
    hint: 'Compare the client’s upstream host with the gateway’s address in the evidence.',
  },
  'MP-754': {
    layer: 'reach',
    cause: 'a client outside the mesh reaches another cluster',
    hint: 'Nothing without a certificate may pass the gateway: look at its AUTO_PASSTHROUGH server.',
  },
  'MP-755': {
    layer: 'reach',
    cause: 'a new pod does not reach every version',
    hint: 'Older pods do: compare istioctl proxy-config endpoints of the two for helloworld.',
  },
  'MP-756': {
    layer: 'reach',
    cause: 'a new pod of the mesh does not become ready',
    hint: 'kubectl describe pod, and the log of its istio-proxy: it waits for its certificate or for its configuration.',
  },
  'MP-761': {
    layer: 'route',
    cause: 'a route rule is not followed',
    hint: 'istioctl proxy-config routes of the client; the rule belongs in the cluster of the control plane.',
  },
  'MP-762': {
    layer: 'route',
    cause: 'traffic does not go back after a rule is removed',
    hint: 'Look for another VirtualService or DestinationRule of helloworld.',
  },
  'MP-763': {
    layer: 'route',
    cause: 'weights are not followed',
    hint: 'istioctl proxy-config routes of the client shows the weights it was given.',
  },
  'MP-770': {
    layer: 'mtls',
    cause: 'plaintext crosses networks',
    hint: 'Something routes around the gateways: look at the endpoints in the evidence and at who made them.',
  },
  'MP-771': {
    layer: 'mtls',
    cause: 'answers are lost when mutual TLS is required',
    hint: 'A side sends plaintext: look at sidecars, DestinationRules with tls.mode and PeerAuthentication.',
  },
  'MP-772': {
    layer: 'mtls',
    cause: 'a peer has another identity than expected, or identity is not checked',
    hint: 'Compare the service account in the evidence with the workload’s.',
  },
  'MP-773': {
    layer: 'mtls',
    cause: 'plaintext is served where mutual TLS is required',
    hint: 'Look for a PeerAuthentication of the workload or namespace that overrides the mesh’s.',
  },
  'MP-774': {
    layer: 'mtls',
    cause: 'plaintext is refused where it is allowed',
    hint: 'Look for a PeerAuthentication STRICT of the workload or namespace.',
  },
  'MP-775': {
    layer: 'mtls',
    cause: 'what crosses between clusters is not encrypted',
    hint: 'Look for a PeerAuthentication or DestinationRule that disables mutual TLS for helloworld.',
  },
  'MP-776': {
    layer: 'mtls',
    cause: 'a gateway serves callers without a certificate',
    hint: 'Look for a Gateway with port 15443 whose tls.mode is not AUTO_PASSTHROUGH.',
  },
  'MP-777': {
    layer: 'mtls',
    cause: 'mutual TLS is still in use although it is off',
    hint: 'Look for a PeerAuthentication of the namespace or workload, or a DestinationRule with ISTIO_MUTUAL.',
  },
  'MP-778': {
    layer: 'mtls',
    cause: 'with mutual TLS off the wire shows no plaintext',
    hint: 'Look for a PeerAuthentication of the namespace or workload that turns it on again.',
  },
  'MP-779': {
    layer: 'mtls',
    cause: 'with mutual TLS off a client does not reach its own network',
    hint: 'A side insists on mutual TLS: look at PeerAuthentication and DestinationRules.',
  },
  'MP-781': {
    layer: 'failover',
    cause: 'answers are lost while a cluster has no helloworld',
    hint: 'A control plane does not hear that the pods are gone: look at its watch of that cluster’s API server.',
  },
  'MP-782': {
    layer: 'failover',
    cause: 'helloworld does not come back, or its answers do not',
    hint: 'kubectl describe pod in helloworld’s namespace shows what keeps the new pod from being ready.',
  },
  'MP-783': {
    layer: 'failover',
    cause: 'helloworld cannot be scaled down',
    hint: 'Look for a controller that scales it up again.',
  },
  'MP-790': {
    layer: 'resilience',
    cause: 'requests are lost while east-west gateways restart',
    hint:
      'A gateway needs a second replica, must be replaced one after another, and must drain: look at replicas, ' +
      'strategy and terminationGracePeriodSeconds of its deployment.',
  },
  'MP-791': {
    layer: 'resilience',
    cause: 'requests are lost while istiod is away',
    hint:
      'Proxies go on with what they have: look for one that restarted, and at the first lost request in the ' +
      'evidence.',
  },
  'MP-792': {
    layer: 'resilience',
    cause: 'a new pod comes to be although there is nobody to inject its sidecar',
    hint: 'The injector’s webhook must fail closed (failurePolicy Fail), or such a pod is outside the mesh.',
  },
  'MP-793': {
    layer: 'resilience',
    cause: 'the mesh does not recover from an istiod that was away',
    hint:
      'kubectl describe replicaset shows what keeps the new pod from being made; istioctl proxy-status, which ' +
      'proxies have not come back.',
  },
  'MP-794': {
    layer: 'resilience',
    cause: 'requests are lost while a remote API server is away',
    hint: 'Nothing that answers requests needs it: look at the first lost request in the evidence.',
  },
  'MP-795': {
    layer: 'resilience',
    cause: 'the control plane does not follow a cluster again after its API server was away or its node restarted',
    hint:
      'istiod must be able to dial the server of its remote secret anew: look for a firewall, and at istiod’s log ' +
      'for that cluster.',
  },
  'MP-796': {
    layer: 'resilience',
    cause: 'a remote secret cannot be rotated or replaced without harm',
    hint: 'Look at istiod’s log for the secret’s cluster; istio/istio#61043 lists the releases that drop endpoints.',
  },
  'MP-797': {
    layer: 'resilience',
    cause: 'the mesh is not whole again after a node restarted',
    hint: 'kubectl get pods -A of that cluster shows what has not come back.',
  },
  'MP-798': {
    layer: 'resilience',
    cause: 'a changed load balancer’s address is not followed',
    hint:
      'Look for a firewall that lets the old address through alone, at meshNetworks, and at the remote profile’s ' +
      'remotePilotAddress.',
  },
  'MP-799': {
    layer: 'resilience',
    cause: 'the mesh’s root cannot be changed as documented',
    hint:
      'istiod needs ISTIO_MULTIROOT_MESH, proxies PROXY_CONFIG_XDS_AGENT; istiod’s log says what became of the new ' +
      'cacerts.',
  },
} as const satisfies Record<string, Cause>

export type CauseCode = keyof typeof causes

/** What an assertion says when it fails: the code of its cause, read back by `diagnose`. */
export const because = (code: CauseCode): string => `${code} ${causes[code].cause}`

/** The cause an assertion’s message begins with, if it names one. */
export const causeIn = (message: string): CauseCode | undefined => {
  const code = /^(?:AssertionError: )?(MP-7\d\d)\b/.exec(message)?.[1]
  return code !== undefined && code in causes ? (code as CauseCode) : undefined
}
