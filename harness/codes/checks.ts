import type { CodeEntry } from './entry.ts'

/**
 * Causes that the checks of a run name, by layer from the bottom. `measured`: the check saw the cause itself, and not
 * what follows from it, so that nothing else must explain it.
 */
export const checkCodes = {
  'MP-701': {
    layer: 'protocol',
    cause: 'a server is asked over another version of HTTP than its port declares',
    shows: 'Requests fail, or the server sees HTTP/1.1 where its port declares HTTP/2, or the other way round.',
    fix:
      'Compare the port’s name and appProtocol in every cluster: http is HTTP/1.1 and http2 is HTTP/2. Of services ' +
      'of one name, istiod takes one cluster’s ports.',
  },
  'MP-702': {
    layer: 'protocol',
    cause: 'a call or a stream of gRPC fails',
    shows: 'Clients of gRPC get UNAVAILABLE or an answer that is no gRPC, or a stream ends before its last message.',
    fix:
      'The port must declare grpc or http2 in every cluster; a VirtualService with a timeout also ends streams that ' +
      'last longer.',
  },
  'MP-703': {
    layer: 'protocol',
    cause: 'a server that speaks first is not heard',
    shows: 'Clients of databases or mail servers connect, and hang: the greeting of the server does not arrive.',
    fix: 'The port must declare tcp. A proxy that has to find out the protocol waits for the client to speak.',
  },
  'MP-704': {
    layer: 'protocol',
    cause: 'TLS of the application does not pass',
    shows: 'Clients that speak TLS themselves get a handshake error, or plaintext is answered at their port.',
    fix: 'The port must declare https or tls in every cluster, so that proxies pass the bytes on as they are.',
  },
  'MP-705': {
    layer: 'protocol',
    cause: 'WebSockets are not upgraded',
    shows: 'Requests to the server are answered, and the upgrade of a WebSocket is not.',
    fix:
      'istioctl proxy-config routes and listeners of both sides: look for upgrade_configs that an EnvoyFilter has ' +
      'changed.',
  },
  'MP-706': {
    layer: 'protocol',
    cause: 'large bodies or many headers do not pass',
    shows: 'Small requests are answered; large ones get 413 or 431, or are cut off.',
    fix: 'Look for an EnvoyFilter that sets a buffer or max_headers_count, and for a proxy that ran out of memory.',
  },
  'MP-707': {
    layer: 'protocol',
    cause: 'a service without a shared address is not reached as its kind should be',
    shows:
      'A pod of a StatefulSet is not reached by its name, or a service that exists in one cluster alone is not ' +
      'answered in another.',
    fix:
      'Compare the headless service, and exportTo of the service, in every cluster. Names of pods and services of ' +
      'another cluster resolve there with DNS proxying or a stub alone.',
  },
  'MP-708': {
    layer: 'protocol',
    cause: 'a host outside of the mesh is not reached through its ServiceEntry',
    shows: 'Requests to the host fail, in some clusters or in all, although its server answers.',
    fix:
      'The ServiceEntry belongs in the cluster of the control plane; look for a DestinationRule of the host that ' +
      'asks for mutual TLS.',
  },
  'MP-709': {
    layer: 'protocol',
    cause: 'trafficDistribution is not followed',
    shows: 'A service with trafficDistribution is answered by clusters of another network although its own could.',
    fix: 'Compare the field in the services of all clusters; a DestinationRule with localityLbSetting overrides it.',
  },
  'MP-711': {
    layer: 'network',
    measured: true,
    cause: 'pods of one network reach pods of another directly',
    shows:
      'Requests between the networks work without a gateway today, and break when somebody removes the route; what ' +
      'crosses does not pass the gateway.',
    fix: 'Remove the routes or peering between the pod ranges, or put both clusters on one network.',
  },
  'MP-712': {
    layer: 'network',
    cause: 'the gateway’s port 15443 cannot be reached from the other cluster',
    shows: 'Requests to the other cluster time out or fail with 503; those within a cluster are answered.',
    fix: 'Look for a firewall or network policy on 15443, and for a gateway pod that is not ready.',
  },
  'MP-713': {
    layer: 'network',
    measured: true,
    cause: 'the gateway has no address',
    shows: 'Requests to that cluster fail, since no other cluster knows where to send them.',
    fix: 'kubectl get svc -A -l istio=eastwestgateway: a pending address means the load balancer has none to give.',
  },
  'MP-714': {
    layer: 'network',
    cause: 'a pod cannot reach a pod of its own cluster',
    shows: 'Within the cluster nothing reaches anything, with or without a sidecar.',
    fix: 'The pod network itself is broken: look at the node’s CNI before anything of Istio.',
  },
  'MP-715': {
    layer: 'network',
    measured: true,
    cause: 'clusters of one network use overlapping ranges',
    shows: 'Some requests reach the wrong pod, or none, without any error of Istio.',
    fix:
      'Give every cluster pod and service ranges of its own; the API server’s ServiceCIDR objects and the ' +
      'nodes’ podCIDRs show them.',
  },
  'MP-716': {
    layer: 'network',
    cause: 'a pod cannot reach pods of another cluster on its network',
    shows:
      'About half of the requests to a service of both clusters time out: those that go to a pod of the other one.',
    fix: 'Look at the routes between the clusters’ nodes, in both directions, and at what filters between them.',
  },
  'MP-717': {
    layer: 'network',
    cause: 'an east-west gateway has fewer ready replicas than it should',
    shows:
      'The check finds fewer ready gateway pods than before the upgrade. Nothing fails until the last one ' +
      'restarts.',
    fix:
      'kubectl get deploy -A -l istio=eastwestgateway: an install sets the replicas again; set them, and ' +
      'no autoscaling, in its operator file.',
  },
  'MP-718': {
    layer: 'network',
    measured: true,
    cause: 'large packets to a gateway of another cluster are lost, and small ones pass',
    shows: 'Connections open, and large requests, answers and handshakes hang. It can heal for some minutes by itself.',
    fix: 'Compare the MTU of nodes, pods and tunnels between the clusters: the smallest must be the MTU of all.',
    sources: ['istio/istio#25170'],
  },
  'MP-721': {
    layer: 'trust',
    measured: true,
    cause: 'the clusters’ certificates come from different roots',
    shows: 'Requests between the clusters fail with CERTIFICATE_VERIFY_FAILED and 503; within a cluster all is well.',
    fix: 'Create cacerts in every cluster from one root, then restart istiod and the workloads.',
  },
  'MP-722': {
    layer: 'trust',
    cause: 'a workload’s certificate chain does not lead to its trusted root',
    shows: 'Requests to that workload fail with CERTIFICATE_VERIFY_FAILED.',
    fix: 'Compare cert-chain.pem and root-cert.pem in cacerts; restart the workload after mending them.',
  },
  'MP-723': {
    layer: 'trust',
    cause: 'a workload was signed by another intermediate than its control plane’s',
    shows:
      'Requests may go on: the workload still has a certificate that istiod signed before its cacerts changed. ' +
      'They fail once the old intermediate is not trusted any more.',
    fix: 'Restart istiod so that it reads cacerts, then the workload.',
  },
  'MP-724': {
    layer: 'trust',
    measured: true,
    cause: 'a cluster has no cacerts secret',
    shows: 'istiod signs with a root that it made itself, which no other cluster trusts.',
    fix: 'Create the secret cacerts in Istio’s root namespace before the control plane is installed.',
  },
  'MP-725': {
    layer: 'trust',
    cause: 'a new namespace is not given the mesh’s root',
    shows: 'Pods of a new namespace start and get no certificate: their sidecars do not become ready.',
    fix:
      'Look in istiod’s log for the config map istio-ca-root-cert: one control plane alone writes it, the leader ' +
      'of the election istio-namespace-controller-election.',
  },
  'MP-730': {
    layer: 'control',
    cause: 'a proxy belongs to a control plane that is gone',
    shows:
      'The proxy goes on with the configuration and the certificate that it has, and hears of no change; it stops ' +
      'when its certificate ends.',
    fix:
      'Restart the workload, so that a control plane that runs gives it its proxy; annotation istio.io/rev of the ' +
      'pod names the one that it belongs to.',
  },
  'MP-731': {
    layer: 'control',
    cause: 'istiod is not ready or has restarted',
    shows: 'New pods get no sidecar or do not become ready, and no change of a service or rule arrives.',
    fix: 'kubectl get pods -A -l app=istiod, then kubectl logs --previous of the one that restarted.',
  },
  'MP-732': {
    layer: 'control',
    cause: 'the control plane does not watch a cluster',
    shows:
      'Clients get answers of some clusters alone, all of them 200: the services of the other cluster are not ' +
      'known.',
    fix:
      'istioctl create-remote-secret in that cluster, applied to the control plane’s; the secret’s name must ' +
      'be the cluster’s.',
  },
  'MP-733': {
    layer: 'control',
    cause: 'the remote secret’s server or credentials do not work',
    shows:
      'Clients get answers of some clusters alone, or those of pods that are gone; istiod’s log shows refused ' +
      'requests to that cluster.',
    fix:
      'Its server must be reachable from istiod’s pods, and its token still valid: create the remote secret ' +
      'again.',
  },
  'MP-734': {
    layer: 'control',
    cause: 'istiod’s endpoints are not those of the API server',
    shows: 'Requests go to pods that are gone, and new pods get none.',
    fix:
      'A watch has stalled: look at istiod’s log for that cluster; recreating the remote secret restarts the ' +
      'watch.',
  },
  'MP-735': {
    layer: 'control',
    cause: 'a proxy is not in sync with the control plane',
    shows:
      'A client works with old endpoints or rules while others have the new ones, or its proxy refuses what it is ' +
      'given.',
    fix: 'istioctl proxy-status; a proxy that is missing cannot reach istiod or is not trusted by it.',
  },
  'MP-736': {
    layer: 'control',
    cause: 'a new pod does not get the sidecar it should',
    shows:
      'New pods cannot be created, or come up without a sidecar, or with one of another cluster, network or ' +
      'release.',
    fix: 'Look at the mutating webhook’s address and caBundle in that cluster, and at port 15017 behind it.',
  },
  'MP-737': {
    layer: 'control',
    measured: true,
    cause: 'a remote cluster runs a control plane of its own',
    shows: 'Some pods of that cluster are served by one control plane and some by the other, with different endpoints.',
    fix: 'This topology has one control plane: uninstall istiod from the remote cluster.',
  },
  'MP-738': {
    layer: 'control',
    cause: 'a remote cluster looks for istiod at another address than istiod has',
    shows:
      'New pods of that cluster do not become ready, and running proxies lose their control plane at the next ' +
      'reconnection.',
    fix:
      'Compare the endpoints of service istiod in that cluster with the control plane’s address; install the ' +
      'remote profile again with that.',
  },
  'MP-739': {
    layer: 'control',
    cause: 'a proxy or control plane runs another release than it should',
    shows:
      'The check lists what runs another release. Such a proxy or control plane works, and was forgotten by the ' +
      'upgrade.',
    fix:
      'The evidence lists what each runs: restart the workloads that were left behind, or install again what was ' +
      'not upgraded.',
  },
  'MP-741': {
    layer: 'discovery',
    cause: 'a client’s proxy holds other endpoints than it should',
    shows:
      'Clients get answers of some clusters alone, or some requests time out: endpoints are missing, or lead to ' +
      'pods of another network.',
    fix: 'Look at the network labels of Istio’s root namespace and of the pods, and at meshNetworks.',
  },
  'MP-742': {
    layer: 'discovery',
    measured: true,
    cause: 'meshNetworks still holds the placeholder 0.0.0.0 instead of a gateway’s address',
    shows: 'Clients get answers of their own cluster alone.',
    fix: 'Patch the meshNetworks key of config map istio with the address of istio-eastwestgateway.',
  },
  'MP-743': {
    layer: 'discovery',
    cause: 'a service’s name does not resolve',
    shows: 'curl says “Could not resolve host”, in the cluster that does not have the service.',
    fix: 'Create the namespace and the service (without workloads) in the cluster of the client.',
  },
  'MP-744': {
    layer: 'discovery',
    cause: 'the control plane does not follow changes of meshNetworks',
    shows: 'Clients go on with the old address of a gateway: requests to that network fail or stay in the own one.',
    fix: 'Look at istiod’s log for an error in meshNetworks.',
  },
  'MP-745': {
    layer: 'discovery',
    cause: 'replicas of a gateway do not pass on the same services',
    shows:
      'Some of the requests to another network fail, whenever a connection meets the replica that lacks the ' +
      'service.',
    fix:
      'istioctl proxy-config listeners of each replica at port 15443: one without routes has no Gateway that ' +
      'selects it, or an outdated configuration.',
  },
  'MP-751': {
    layer: 'reach',
    cause: 'a client does not reach the version in its own cluster',
    shows: 'Requests fail, or other clusters alone answer, although a pod of the service runs next to the client.',
    fix: 'Look at the helloworld pod and its sidecar in that cluster.',
  },
  'MP-752': {
    layer: 'reach',
    cause: 'a client does not reach both versions',
    shows: 'Requests fail, or some versions never answer.',
    fix: 'The layers below are fine: look at policies (DestinationRule, Sidecar, PeerAuthentication) for helloworld.',
  },
  'MP-753': {
    layer: 'reach',
    cause: 'a request took another path than this topology’s',
    shows:
      'Requests are answered, and the client’s proxy, the gateway or the server tell of another way than the ' +
      'topology’s: past the gateway, or from another network.',
    fix: 'Compare the client’s upstream host with the gateway’s address in the evidence.',
  },
  'MP-754': {
    layer: 'reach',
    cause: 'a client outside the mesh reaches another cluster',
    shows: 'A client without a sidecar, or outside of every cluster, gets answers of another cluster.',
    fix: 'Nothing without a certificate may pass the gateway: look at its AUTO_PASSTHROUGH server.',
  },
  'MP-755': {
    layer: 'reach',
    cause: 'a new pod does not reach every version',
    shows:
      'A pod that was just made gets errors, or answers of some versions alone; pods that were there before do ' +
      'not.',
    fix: 'Older pods do: compare istioctl proxy-config endpoints of the two for helloworld.',
  },
  'MP-756': {
    layer: 'reach',
    cause: 'a new pod of the mesh does not become ready',
    shows: 'The pod stays at 1/2: its sidecar does not become ready.',
    fix: 'kubectl describe pod, and the log of its istio-proxy: it waits for its certificate or for its configuration.',
  },
  'MP-761': {
    layer: 'route',
    cause: 'a route rule is not followed',
    shows: 'Clients get versions that the rule excludes, or errors, while the rule is in place.',
    fix: 'istioctl proxy-config routes of the client; the rule belongs in the cluster of the control plane.',
  },
  'MP-762': {
    layer: 'route',
    cause: 'traffic does not go back after a rule is removed',
    shows: 'Clients go on getting one version alone, after the rule that pinned it is gone.',
    fix: 'Look for another VirtualService or DestinationRule of helloworld.',
  },
  'MP-763': {
    layer: 'route',
    cause: 'weights are not followed',
    shows: 'The share of a version is far from its weight, over two hundred requests.',
    fix: 'istioctl proxy-config routes of the client shows the weights it was given.',
  },
  'MP-764': {
    layer: 'route',
    cause: 'another rule of the same host stands in the way',
    shows:
      'A rule is not followed, and there is another VirtualService or DestinationRule of the host. Istio takes the ' +
      'older of two VirtualServices, and merges DestinationRules.',
    fix: 'Remove it, or put the routes of both into one object.',
    measured: true,
  },
  'MP-770': {
    layer: 'mtls',
    cause: 'plaintext crosses networks',
    shows: 'With mutual TLS off, clients get answers of another network, which plaintext must not reach.',
    fix: 'Something routes around the gateways: look at the endpoints in the evidence and at who made them.',
  },
  'MP-771': {
    layer: 'mtls',
    cause: 'answers are lost when mutual TLS is required',
    shows: 'Some or all requests fail with 503 once PeerAuthentication says STRICT.',
    fix: 'A side sends plaintext: look at sidecars, DestinationRules with tls.mode and PeerAuthentication.',
  },
  'MP-772': {
    layer: 'mtls',
    cause: 'a peer has another identity than expected, or identity is not checked',
    shows:
      'A request shows another SPIFFE identity than that of the service account, or a server of the wrong identity ' +
      'is asked all the same.',
    fix: 'Compare the service account in the evidence with the workload’s.',
  },
  'MP-773': {
    layer: 'mtls',
    cause: 'plaintext is served where mutual TLS is required',
    shows: 'A client without a sidecar gets answers although PeerAuthentication says STRICT.',
    fix: 'Look for a PeerAuthentication of the workload or namespace that overrides the mesh’s.',
  },
  'MP-774': {
    layer: 'mtls',
    cause: 'plaintext is refused where it is allowed',
    shows: 'A client without a sidecar gets no answer although plaintext is allowed.',
    fix: 'Look for a PeerAuthentication STRICT of the workload or namespace.',
  },
  'MP-775': {
    layer: 'mtls',
    cause: 'what crosses between clusters is not encrypted',
    shows: 'Packets captured between the clusters hold the greeting in clear text.',
    fix: 'Look for a PeerAuthentication or DestinationRule that disables mutual TLS for helloworld.',
  },
  'MP-776': {
    layer: 'mtls',
    cause: 'a gateway serves callers without a certificate',
    shows: 'A caller without a certificate gets an answer through port 15443 of a gateway.',
    fix: 'Look for a Gateway with port 15443 whose tls.mode is not AUTO_PASSTHROUGH.',
  },
  'MP-777': {
    layer: 'mtls',
    cause: 'mutual TLS is still in use although it is off',
    shows: 'With mutual TLS off, a request still shows a client certificate.',
    fix: 'Look for a PeerAuthentication of the namespace or workload, or a DestinationRule with ISTIO_MUTUAL.',
  },
  'MP-778': {
    layer: 'mtls',
    cause: 'with mutual TLS off the wire shows no plaintext',
    shows:
      'With mutual TLS off, packets captured between the clusters hold no greeting in clear text, although ' +
      'requests are answered.',
    fix: 'Look for a PeerAuthentication of the namespace or workload that turns it on again.',
  },
  'MP-779': {
    layer: 'mtls',
    cause: 'with mutual TLS off a client does not reach its own network',
    shows: 'With mutual TLS off, clients get errors, or miss a version of their own network.',
    fix: 'A side insists on mutual TLS: look at PeerAuthentication and DestinationRules.',
  },
  'MP-781': {
    layer: 'failover',
    cause: 'answers are lost while a cluster has no helloworld',
    shows:
      'While one cluster has no pod of the service, clients get 503 or time out, although another cluster could ' +
      'answer.',
    fix: 'A control plane does not hear that the pods are gone: look at its watch of that cluster’s API server.',
  },
  'MP-782': {
    layer: 'failover',
    cause: 'helloworld does not come back, or its answers do not',
    shows: 'After it is scaled up again, the pod does not become ready, or its version does not answer.',
    fix: 'kubectl describe pod in helloworld’s namespace shows what keeps the new pod from being ready.',
  },
  'MP-783': {
    layer: 'failover',
    cause: 'helloworld cannot be scaled down',
    shows: 'The deployment has no replicas, and its endpoints are still there.',
    fix: 'Look for a controller that scales it up again.',
  },
  'MP-784': {
    layer: 'failover',
    cause: 'a control plane does not hear that pods in a cluster are gone',
    shows:
      'A cluster has no pod of the service any more, and istiod still holds the address of one. Between networks ' +
      'retries hide it: every request is answered until the other clusters have no pods either.',
    fix:
      'istiod’s watch of that cluster’s API server has ended without its noticing: look for what drops the ' +
      'connection, and restart istiod.',
  },
  'MP-785': {
    layer: 'locality',
    cause: 'requests leave the client’s zone although it could answer, or do not leave it when it cannot',
    shows:
      'With locality failover, another zone or region answers while the client’s own has ready pods, or requests ' +
      'fail when it has none.',
    fix:
      'Locality failover needs outlierDetection in the DestinationRule that holds: of several for one host the ' +
      'oldest one does. istioctl proxy-config endpoints shows the priorities.',
  },
  'MP-786': {
    layer: 'locality',
    cause: 'localities do not get the shares that a rule gives them',
    shows: 'With localityLbSetting.distribute, a zone or region answers far more or fewer requests than its share.',
    fix:
      'Compare the localities in istioctl proxy-config endpoints with those of the rule. Of several DestinationRules ' +
      'for one host the oldest one holds.',
  },
  'MP-787': {
    layer: 'locality',
    cause: 'not every zone of a cluster counts in its share of requests',
    shows:
      'A cluster whose pods are in several zones answers fewer requests than its pods, or a rule for its region, ' +
      'would give it.',
    fix:
      'Compare the weights in the evidence with the pods of each zone. Where it is istio/istio#56355, the check says ' +
      '“known issue”; a zone for each cluster, or a distribute rule that names the first zone alone, avoids it.',
    sources: ['istio/istio#56355', 'istio/istio#60835'],
  },
  'MP-790': {
    layer: 'resilience',
    cause: 'requests are lost while east-west gateways restart',
    shows: 'Requests that cross networks fail for a moment while gateway pods are replaced.',
    fix:
      'A gateway needs a second replica, must be replaced one after another, and must drain: look at replicas, ' +
      'strategy and terminationGracePeriodSeconds of its deployment.',
  },
  'MP-791': {
    layer: 'resilience',
    cause: 'requests are lost while istiod is away',
    shows: 'Requests fail although nothing but istiod was stopped.',
    fix:
      'Proxies go on with what they have: look for one that restarted, and at the first lost request in the ' +
      'evidence.',
  },
  'MP-792': {
    layer: 'resilience',
    cause: 'a new pod is created although nothing can inject its sidecar',
    shows: 'A pod is created while istiod is away, and runs without a sidecar.',
    fix: 'The injector’s webhook must fail closed (failurePolicy Fail), or such a pod is outside the mesh.',
  },
  'MP-793': {
    layer: 'resilience',
    cause: 'the mesh does not recover from an istiod that was away',
    shows: 'istiod is ready again, and pods that wait for a sidecar do not come, or proxies do not reconnect.',
    fix:
      'kubectl describe replicaset shows what keeps the new pod from being made; istioctl proxy-status, which ' +
      'proxies have not come back.',
  },
  'MP-794': {
    layer: 'resilience',
    cause: 'requests are lost while a remote API server is away',
    shows: 'Requests fail although nothing but an API server was stopped.',
    fix: 'Nothing that answers requests needs it: look at the first lost request in the evidence.',
  },
  'MP-795': {
    layer: 'resilience',
    cause: 'the control plane does not follow a cluster again after its API server was away or its node restarted',
    shows:
      'Endpoints of that cluster stay as they were before: new pods get no requests, and pods that are gone still ' +
      'do.',
    fix:
      'istiod must be able to dial the server of its remote secret anew: look for a firewall, and at istiod’s ' +
      'log for that cluster.',
  },
  'MP-796': {
    layer: 'resilience',
    cause: 'a remote secret cannot be rotated or replaced without harm',
    shows:
      'Requests fail while the remote secret is replaced, endpoints of that cluster go or stay when they should ' +
      'not, or its token does not work.',
    fix: 'Look at istiod’s log for the secret’s cluster; istio/istio#61043 lists the releases that drop endpoints.',
  },
  'MP-797': {
    layer: 'resilience',
    cause: 'the mesh does not recover after a node restarted',
    shows:
      'Pods of the restarted node, or requests to them, do not come back by themselves, or other clusters stop ' +
      'answering meanwhile.',
    fix: 'kubectl get pods -A of that cluster shows what has not come back.',
  },
  'MP-798': {
    layer: 'resilience',
    cause: 'a changed load balancer’s address is not followed',
    shows:
      'Requests to the cluster fail after the address of its load balancer has changed, or proxies do not find ' +
      'their control plane.',
    fix:
      'Look for a firewall that lets the old address through alone, at meshNetworks, and at the remote profile’s ' +
      'remotePilotAddress.',
  },
  'MP-799': {
    layer: 'resilience',
    cause: 'the mesh’s root cannot be changed as documented',
    shows:
      'Requests fail while the root is changed in three steps, a step is not taken up, or a root swapped in one ' +
      'step is accepted.',
    fix:
      'istiod needs ISTIO_MULTIROOT_MESH, proxies PROXY_CONFIG_XDS_AGENT; istiod’s log says what became of the ' +
      'new cacerts.',
  },
} as const satisfies Record<string, CodeEntry & { layer: string; measured?: true }>

/** What is said of a check that fails and names no cause. Its layer is the check’s own. */
export const unexplainedCodes = {
  'MP-700': {
    cause: 'a check fails and names no cause',
    shows: 'The report says of the check that it does not hold, without a cause of its own.',
    fix: 'The evidence of its attempts in results.json says what was seen.',
  },
} as const satisfies Record<string, CodeEntry>
