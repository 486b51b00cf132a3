import type { CodeEntry } from './entry.ts'

/**
 * What `diagnose` finds in an existing mesh, by layer from the bottom. A warning explains what users see and breaks
 * nothing.
 */
export const diagnosisCodes = {
  'MP-806': {
    layer: 'endpoints',
    severity: 'warning',
    cause: 'the mesh config keeps a service local to each cluster',
    shows: 'Answers of the own cluster alone, all of them 200; no object near the service says why.',
    fix:
      'If the service is meant to be shared, remove the host from serviceSettings (clusterLocal) in the mesh config ' +
      'of the control plane.',
  },
  'MP-807': {
    layer: 'endpoints',
    cause: 'the control plane does not follow a namespace of another cluster',
    shows: 'Answers of the own cluster alone; istiod holds nothing of that namespace.',
    fix: 'Label the namespace as discoverySelectors of the mesh config ask, in every cluster, or widen them.',
  },
  'MP-803': {
    layer: 'endpoints',
    cause: 'istiod runs with AMBIENT_ENABLE_MULTI_NETWORK, which takes endpoints of other networks from sidecars',
    shows: 'Every cluster answers for itself alone, for all services that are not labelled istio.io/global.',
    fix: 'Take the variable off istiod in a mesh of sidecars, or label the services istio.io/global=true.',
    sources: ['istio/istio#61713', 'istio/istio#60609', 'istio/istio#60343', 'istio/istio#61746'],
  },
  'MP-804': {
    layer: 'endpoints',
    cause: 'pods of a service run without a sidecar, so clients of other networks never get them',
    shows: 'Answers of the own network alone; in the pods’ own cluster all is well.',
    fix: 'Let the pods have a sidecar: gateways between networks pass on mutual TLS alone.',
  },
  'MP-805': {
    layer: 'endpoints',
    cause: 'a client’s proxy holds an address that is no pod and no gateway of the service',
    shows: 'That share of its requests goes elsewhere, or times out.',
    fix: 'Remove the address from the object that brought it in, unless it is meant.',
  },
  'MP-811': {
    layer: 'api',
    cause: 'a proxy and its control plane are more than two minor versions apart',
    shows: 'Proxies refuse configuration, or do not know fields they are given; what exactly depends on the versions.',
    fix: 'Restart the workloads of the older side after upgrading it: a sidecar gets its version when its pod is made.',
  },
  'MP-813': {
    layer: 'api',
    cause: 'the controllers of a cluster do not follow what is in its API server',
    shows:
      'Pods that are gone keep their addresses, new pods are not made, new namespaces get no account. What runs goes ' +
      'on, and the API server answers.',
    fix: 'Look at kube-controller-manager: its pod and its lease in kube-system, or the status of a managed cluster.',
  },
  'MP-812': {
    layer: 'api',
    cause: 'the clusters give their mesh different ids',
    shows:
      'Nothing in traffic: discovery, mutual TLS and gateways do not look at the id. Telemetry shows several ' +
      'meshes, and an installation that takes its trust domain from the id has another one.',
    fix: 'Give every cluster the same global.meshID. New proxies take it.',
    sources: ['istio/istio#46388', 'kiali/kiali#6249'],
    severity: 'warning',
  },
  'MP-821': {
    layer: 'ranges',
    cause: 'clusters of one network use overlapping address ranges',
    shows:
      'Some requests reach the wrong pod, or none, without any error of Istio: a packet goes to whoever has the ' +
      'address nearby.',
    fix:
      'Give every cluster of a network pod and service ranges of its own; that means a new cluster, or another ' +
      'network with a gateway.',
    sources: ['istio/istio#14066', 'istio/istio#34627'],
  },
  'MP-831': {
    layer: 'networks',
    cause: 'Istio’s root namespace does not say which network its cluster is on',
    shows:
      'Nothing at first. After the next restart of istiod or a proxy, clients get pod addresses of another ' +
      'network, and requests time out.',
    fix:
      'Label Istio’s root namespace with topology.istio.io/network, in every cluster of a mesh with several ' +
      'networks.',
    sources: ['istio/istio#28381', 'istio/istio#49412'],
  },
  'MP-832': {
    layer: 'networks',
    cause: 'a cluster’s network label is not the network its proxies are told',
    shows:
      'Endpoints on the wrong side of a gateway: a client gets pod addresses where a gateway is due, or a gateway ' +
      'for its neighbours.',
    fix:
      'Make the label of Istio’s root namespace, global.network and the remote’s injection path say the same; ' +
      'then restart the workloads.',
    sources: ['istio/istio#28381'],
  },
  'MP-833': {
    layer: 'networks',
    cause: 'a pod carries the label of another network',
    shows: 'Half of the answers time out in another cluster, and none in the pod’s own.',
    fix: 'Correct topology.istio.io/network on the pod, and in the template that it is made from.',
    sources: ['istio/istio#28381'],
  },
  'MP-841': {
    layer: 'trust',
    cause: 'the clusters’ certificates come from different roots',
    shows: 'CERTIFICATE_VERIFY_FAILED or UNKNOWN_CA, 503 with flags UF; within a cluster all is well.',
    fix: 'Create cacerts of every cluster from one root, then restart istiod and the workloads.',
    sources: ['istio/istio#32501', 'istio/istio#52356', 'istio/istio#61719'],
  },
  'MP-842': {
    layer: 'trust',
    cause: 'a cluster has no cacerts, and others have',
    shows: 'As with different roots, once its istiod has restarted: it makes a root of its own.',
    fix: 'Create the secret cacerts in Istio’s root namespace from the shared root, then restart istiod.',
    sources: ['istio/istio#32501'],
  },
  'MP-843': {
    layer: 'trust',
    severity: 'warning',
    cause: 'running proxies were signed by another certificate authority than cacerts holds',
    shows: 'Nothing until something restarts; then new workloads and old ones may not trust each other.',
    fix:
      'Restart istiod so that it reads cacerts, then the workloads; with a new root, first let everybody trust ' +
      'both.',
    sources: ['istio/istio#61719'],
  },
  'MP-844': {
    layer: 'trust',
    cause: 'the certificates in cacerts do not fit together',
    shows: 'istiod does not start, or signs what nobody can verify.',
    fix:
      'root-cert.pem must verify ca-cert.pem, cert-chain.pem must contain it, and ca-key.pem must be its key: ' +
      'make the secret again.',
  },
  'MP-845': {
    layer: 'trust',
    cause: 'a certificate authority has expired',
    shows: 'Every new connection fails with CERTIFICATE_VERIFY_FAILED: certificate has expired.',
    fix: 'Issue a new intermediate from the root, replace cacerts, restart istiod and the workloads.',
  },
  'MP-846': {
    layer: 'trust',
    cause: 'a certificate authority ends soon',
    shows: 'Nothing yet. From its end on, every new connection fails with CERTIFICATE_VERIFY_FAILED.',
    fix: 'Issue a new intermediate from the root in time, replace cacerts, restart istiod and the workloads.',
    severity: 'warning',
  },
  'MP-847': {
    layer: 'control',
    cause: 'istiod does not hand out its root certificate to the namespaces of a cluster',
    shows:
      'Pods that run go on. New pods wait in ContainerCreating: configmap "istio-ca-root-cert" not found. In a new ' +
      'namespace no pod with a sidecar starts.',
    fix:
      'A remote cluster names its control plane in the annotation topology.istio.io/controlPlaneClusters of ' +
      'Istio’s root namespace, and istiod needs EXTERNAL_ISTIOD=true. The log of istiod says who leads there.',
  },
  'MP-848': {
    layer: 'control',
    cause: 'istiod gets too little processor time',
    shows:
      'Changes reach proxies late, new pods wait for their sidecars and certificates, and the API server gives up on ' +
      'webhooks.',
    fix: 'Raise resources.limits.cpu of istiod, or take the limit away.',
  },
  'MP-808': {
    layer: 'control',
    latent: true,
    cause: 'istiod refuses the mesh config that its cluster holds, and goes on with an older one',
    shows: 'No change of the mesh config has an effect; a restart of istiod starts it without these settings.',
    fix: 'Correct the config map as istiod’s words say: a key without quotes can be a number or a boolean.',
  },
  'MP-849': {
    layer: 'control',
    cause: 'istiod’s service does not lead to istiod',
    shows: 'No new proxy gets a certificate or starts; those that are connected go on until their connection ends.',
    fix: 'Correct the port 15012 of the service: its targetPort is 15012, where istiod listens.',
  },
  'MP-850': {
    layer: 'control',
    cause: 'a remote cluster’s sidecar injector does not say for which cluster it asks',
    shows:
      'New pods of the remote cluster are told that they are of another cluster and network: they do not become ' +
      'ready, or stand on the wrong side of a gateway.',
    fix:
      'Install the remote profile again with istiodRemote.injectionPath=/inject/cluster/CLUSTER/net/NETWORK, then ' +
      'restart the workloads.',
  },
  'MP-851': {
    layer: 'control',
    cause: 'a control plane has no ready istiod',
    shows: 'Traffic goes on as it was; new pods get no sidecar or no certificate, and no change arrives.',
    fix: 'Look at the deployment and its pods: replicas, events, the log of the previous container.',
  },
  'MP-852': {
    layer: 'control',
    cause: 'no named cluster runs a control plane',
    shows: 'What the clusters are told cannot be looked at.',
    fix: 'Add the context of the cluster where istiod runs.',
  },
  'MP-853': {
    layer: 'control',
    cause: 'a sidecar injector does not hold the certificate that its istiod serves with',
    shows: 'Pods cannot be created: x509: certificate signed by unknown authority.',
    fix:
      'Restart the istiod of that cluster’s control plane: it writes caBundle into the webhook; look at its log ' +
      'if it stays empty.',
    sources: ['istio/istio#42942', 'istio/istio#45014'],
  },
  'MP-854': {
    layer: 'control',
    cause: 'a sidecar injector leads nowhere',
    shows: 'Pods cannot be created: no endpoints available for service, or they come without a sidecar.',
    fix:
      'The service that the webhook names must exist and have endpoints: ready istiod pods, or for a remote the ' +
      'control plane’s address.',
    sources: ['istio/istio#42327', 'istio/istio#58445'],
  },
  'MP-855': {
    layer: 'control',
    cause: 'a remote cluster looks for istiod at another address than istiod has',
    shows: 'Running proxies lose their control plane at the next reconnection, and new pods do not become ready.',
    fix: 'Install the remote profile again with the control plane’s present address (global.remotePilotAddress).',
  },
  'MP-856': {
    layer: 'control',
    cause: 'a new pod does not get a sidecar',
    shows: 'Pods cannot be created or come up without a sidecar: failed calling webhook, context deadline exceeded.',
    fix:
      'The API server must reach the webhook’s service, port 15017 behind it: look for a firewall between its ' +
      'nodes and istiod.',
    sources: ['istio/istio#42327'],
  },
  'MP-857': {
    layer: 'control',
    cause: 'pods run without the sidecar that their namespace asks for',
    shows:
      'Such a pod sends and takes plaintext: refused under STRICT, WRONG_VERSION_NUMBER across networks, and never ' +
      'reached from another network.',
    fix: 'They are older than the label of their namespace: restart them.',
    sources: ['istio/istio#28798', 'istio/istio#26517'],
  },
  'MP-858': {
    layer: 'control',
    latent: true,
    cause: 'a namespace with sidecars does not ask for them any more',
    shows: 'Nothing until a pod restarts: it comes back without a sidecar.',
    fix: 'Label the namespace again with istio-injection=enabled or istio.io/rev.',
  },
  'MP-859': {
    layer: 'control',
    cause: 'a namespace asks for a revision that no sidecar injector of its cluster serves',
    shows: 'Its new pods get no sidecar, and restarting them changes nothing.',
    fix: 'Set the tag or install the revision in this cluster too, or label the namespace for one that is served.',
  },
  'MP-860': {
    layer: 'secrets',
    cause: 'two clusters of the mesh have the same name',
    shows:
      'Each cluster answers for itself alone, without any error: istiod ignores a remote secret under its own ' +
      'name, and lists that name as synced.',
    fix:
      'Give each cluster a global.multiCluster.clusterName of its own, restart its workloads, and create the ' +
      'remote secrets again.',
    sources: ['istio/istio#42516'],
  },
  'MP-861': {
    layer: 'secrets',
    cause: 'a control plane has no remote secret for a cluster',
    shows:
      'Clients get answers of their own cluster alone; workloads of that cluster do not become ready if it has no ' +
      'other control plane.',
    fix: 'istioctl create-remote-secret in that cluster, applied to the control plane’s.',
  },
  'MP-862': {
    layer: 'secrets',
    cause: 'a remote secret’s server is a loopback address',
    shows: 'The cluster never syncs: istiod dials itself.',
    fix: 'Create the secret again with --server= an address that istiod’s pods reach.',
    sources: ['istio/istio#31081', 'istio/istio#44826'],
  },
  'MP-863': {
    layer: 'secrets',
    cause: 'a remote secret’s server cannot be reached from where istiod is',
    shows: 'The cluster never syncs, or no change of it arrives any more.',
    fix: 'Open the way from istiod’s pods to that API server, or create the secret again with an address they reach.',
    sources: ['istio/istio#51376'],
  },
  'MP-864': {
    layer: 'secrets',
    cause: 'a remote secret calls a cluster by another name than its proxies do',
    shows: 'Proxies are refused: client claims to be in cluster …, but we only know about …',
    fix: 'Create the secret again with --name= the cluster’s own name.',
    sources: ['istio/istio#52065', 'istio/istio#38258'],
  },
  'MP-865': {
    layer: 'secrets',
    cause: 'a remote secret’s credentials are refused',
    shows: 'Nothing until istiod restarts; then the cluster does not sync, and its pods get no certificates.',
    fix: 'The token has ended, was revoked or belongs to another cluster: create the secret again.',
    sources: ['istio/istio#61043', 'istio/istio#34210'],
  },
  'MP-866': {
    layer: 'secrets',
    cause: 'a remote secret holds no kubeconfig',
    shows: 'istiod logs an error and ignores it; the cluster never syncs.',
    fix: 'Create the secret again with istioctl create-remote-secret.',
  },
  'MP-867': {
    layer: 'secrets',
    cause: 'a remote secret’s user may not do what istiod needs',
    shows:
      'The cluster does not sync, or endpoints go stale: forbidden in istiod’s log. Without tokenreviews, new pods ' +
      'of that cluster do not become ready.',
    fix: 'Bind the reader’s cluster role again in that cluster, or install the remote profile again, which does.',
    sources: ['istio/istio#60612', 'istio/istio#26017'],
  },
  'MP-868': {
    layer: 'secrets',
    cause: 'a remote secret lacks the label by which istiod finds it',
    shows: 'As without the secret: its cluster is not watched.',
    fix: 'Label it istio/multiCluster=true.',
  },
  'MP-869': {
    layer: 'secrets',
    cause: 'istiod refuses the kubeconfig of a remote secret',
    shows: 'Nothing until istiod restarts; then the cluster is not in the mesh. kubectl works with the same file.',
    fix:
      'Create the secret with istioctl create-remote-secret: it holds a token, and no plugin, auth provider or ' +
      'file. PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS of istiod allows them one by one.',
    sources: ['istio/istio#61773', 'istio/istio#53992'],
  },
  'MP-691': {
    layer: 'secrets',
    cause: 'the certificate of a remote secret’s server does not match the secret',
    shows: 'The cluster does not sync: x509 in istiod’s log.',
    fix:
      'Create the secret again, with the authority that the API server has now and an address that its ' +
      'certificate names.',
    sources: ['istio/istio#44826'],
  },
  'MP-692': {
    layer: 'secrets',
    cause: 'a remote secret’s credentials end within a day',
    shows: 'Nothing yet. After their end the API server answers 401, and the next istiod loses the cluster.',
    fix: 'Create the secret again with a token that lasts, or check that the job that renews it runs.',
    sources: ['istio/istio#60612', 'istio/istio#34210', 'istio/istio#37925'],
    severity: 'warning',
  },
  'MP-693': {
    layer: 'secrets',
    cause: 'two remote secrets name the same cluster',
    shows: 'istiod uses one of them and ignores the other. After its next start that may be the other one.',
    fix: 'Delete the secret that is not meant.',
    severity: 'warning',
  },
  'MP-694': {
    layer: 'secrets',
    cause: 'a remote secret’s user may do less than Istio’s chart allows it',
    shows: 'Nothing where the mesh does not use what is missing, such as WorkloadEntries and Gateways of it.',
    fix: 'Install the reader’s cluster role of that cluster again.',
    severity: 'warning',
  },
  'MP-871': {
    layer: 'sync',
    cause: 'a control plane does not watch a cluster that it has a secret for',
    shows: 'Clients get answers of their own cluster alone.',
    fix:
      'Touch the secret, and istiod reads it again; where its log says nothing of it, restart istiod: what follows ' +
      'secrets in it can lock up.',
    sources: ['istio/istio#38440'],
  },
  'MP-872': {
    layer: 'sync',
    symptom: true,
    cause: 'istiod’s endpoints are not those of the API server',
    shows: 'Requests go to pods that are gone, while the cluster counts as synced: that word is never taken back.',
    fix: 'A watch has stalled: create the remote secret again, or restart istiod, when that API server answers it.',
    sources: ['istio/istio#38440', 'istio/istio#45992', 'istio/istio#33799'],
  },
  'MP-873': {
    layer: 'sync',
    symptom: true,
    cause: 'a proxy is not connected to its control plane, or refuses what it is sent',
    shows: 'It goes on with what it had; what changed since does not reach it.',
    fix: 'istioctl proxy-status; the pod’s own log says whether it cannot reach istiod or was refused.',
    sources: ['istio/istio#51612'],
  },
  'MP-880': {
    layer: 'gateways',
    cause: 'the name of a gateway does not resolve where istiod is',
    shows:
      'istiod resolves gateways’ names itself and drops those it cannot: clients get answers of their own network ' +
      'alone, or, where no gateway is left at all, pod addresses of other networks.',
    fix:
      'Make the name resolve for istiod’s pods (it asks the name server of its own cluster), or write addresses ' +
      'instead of names.',
    sources: ['istio/istio#44155', 'istio/istio#13581', 'istio/istio#29359'],
  },
  'MP-881': {
    layer: 'gateways',
    cause: 'a network has no gateway that others know of',
    shows: 'Clients of other networks get answers of their own network alone.',
    fix: 'Install an east-west gateway labelled topology.istio.io/network, or name it in meshNetworks.',
  },
  'MP-882': {
    layer: 'gateways',
    cause: 'a gateway’s service has no address',
    shows: 'Clients of other networks get answers of their own network alone, or 503.',
    fix:
      'kubectl describe service says what the load balancer lacks; without one, name addresses by hand in ' +
      'meshNetworks.',
    sources: ['istio/istio#49045', 'istio/istio#45516'],
  },
  'MP-883': {
    layer: 'gateways',
    cause: 'meshNetworks names another address than the gateway has',
    shows: 'Half of the requests fail or hang, from every other network.',
    fix: 'Patch meshNetworks in config map istio with the gateway’s address.',
    sources: ['istio/istio#43656'],
  },
  'MP-884': {
    layer: 'gateways',
    cause: 'a gateway does not pass on the mesh’s services',
    shows: '503 with UF from other networks; the gateway’s log says NR on 15443.',
    fix:
      'Apply a Gateway with port 15443, tls.mode AUTO_PASSTHROUGH and hosts *.local for it; after an upgrade, see ' +
      'that it has the revision of the gateway.',
    sources: ['istio/istio#53690', 'istio/istio#34867', 'istio/istio#32848'],
  },
  'MP-885': {
    layer: 'gateways',
    cause: 'a gateway’s port 15443 cannot be reached from another cluster',
    shows: 'Half of the requests fail with 503 UF or hang, from that cluster.',
    fix:
      'Look for a firewall, security group or network policy between that cluster’s pods and the gateway’s ' +
      'address.',
    sources: ['istio/istio#49045', 'istio/istio#43656'],
  },
  'MP-886': {
    layer: 'gateways',
    cause: 'istiod’s ports cannot be reached from a remote cluster',
    shows: 'Its proxies do not become ready, and pods cannot be created: 15012 is configuration, 15017 the webhook.',
    fix: 'Expose istiod through the gateway (Gateway and VirtualService for 15012 and 15017), and open both ports.',
    sources: ['istio/istio#42327'],
  },
  'MP-887': {
    layer: 'gateways',
    cause: 'a gateway has no ready pod behind its service',
    shows: 'As with a closed port: its address answers nobody.',
    fix: 'Look at the gateway’s deployment, and at the labels its service selects.',
  },
  'MP-888': {
    layer: 'gateways',
    cause: 'a pod cannot reach pods of another cluster on its network',
    shows: 'That share of its requests times out; no gateway stands between clusters of one network.',
    fix:
      'Look at the routes between the clusters’ nodes, in both directions, and at what filters between them; or ' +
      'put the clusters on networks of their own.',
  },
  'MP-889': {
    layer: 'gateways',
    cause: 'large packets are lost on the way to another cluster, and small ones pass',
    shows:
      'Connections open and small requests work; large requests and answers hang, new pods of a remote cluster do ' +
      'not become ready, and watches of istiod stall.',
    fix:
      'Give the pods’ interfaces an MTU that the whole way carries, or let ICMP “fragmentation needed” ' +
      '(for IPv6 ' +
      '“packet too big”) pass: without it senders never learn of the smaller hop.',
    sources: ['istio/istio#25170', 'cilium/cilium#23397'],
  },
  'MP-890': {
    layer: 'gateways',
    cause: 'a gateway gets too little processor time',
    shows: 'Requests of other networks are slow or time out, and new pods there wait for istiod.',
    fix: 'Raise resources.limits.cpu of the gateway, or take the limit away.',
  },
  'MP-891': {
    layer: 'endpoints',
    cause: 'a client’s proxy holds a pod address of another network',
    shows: 'That share of its requests times out.',
    fix:
      'istiod takes that pod for a neighbour: look at network labels of the namespace and the pod, and whether the ' +
      'network has a gateway.',
    sources: ['istio/istio#28381', 'istio/istio#49412'],
  },
  'MP-892': {
    layer: 'endpoints',
    symptom: true,
    cause: 'a client’s proxy does not know a service’s pods in another cluster',
    shows: 'Answers of some clusters alone, all of them 200.',
    fix: 'istioctl proxy-config endpoints of the client, and istiod’s /debug/endpointz, say who loses them.',
  },
  'MP-893': {
    layer: 'endpoints',
    cause: 'a PeerAuthentication turns mutual TLS off, and plaintext does not cross networks',
    shows: 'Answers of the own network alone, all of them 200.',
    fix: 'Remove it, or set it to PERMISSIVE or STRICT: gateways pass on mutual TLS alone.',
    sources: ['istio/istio#28798', 'istio/istio#26517'],
  },
  'MP-894': {
    layer: 'endpoints',
    cause: 'a Sidecar limits what clients know, and leaves a shared service out',
    shows: 'The service is unknown to the proxy: 502 where the registry alone is allowed, otherwise around the mesh.',
    fix: 'Add the service’s namespace to egress.hosts of the Sidecar.',
  },
  'MP-895': {
    layer: 'endpoints',
    cause: 'a service is not exported to its clients',
    shows: 'Clients of other namespaces do not know it, or know it in part.',
    fix: 'Widen the annotation networking.istio.io/exportTo of the service, in every cluster.',
  },
  'MP-896': {
    layer: 'endpoints',
    cause: 'a DestinationRule overrides mutual TLS of a service in the mesh',
    shows:
      '503 or WRONG_VERSION_NUMBER from every client; with DISABLE across networks, answers of the own network ' +
      'alone.',
    fix: 'Remove trafficPolicy.tls, or set its mode to ISTIO_MUTUAL.',
    sources: ['istio/istio#28798'],
  },
  'MP-897': {
    layer: 'endpoints',
    severity: 'warning',
    cause: 'clients prefer their own locality: other clusters answer only when it fails',
    shows: 'Only one version is ever seen.',
    fix:
      'This is locality failover, on wherever a DestinationRule has outlierDetection; turn localityLbSetting off ' +
      'if it is not meant.',
    sources: ['istio/istio#41104', 'istio/istio#48084'],
  },
  'MP-898': {
    layer: 'endpoints',
    severity: 'warning',
    cause: 'a DestinationRule makes each client stick to one server',
    shows: 'Each client sees one version alone.',
    fix: 'Remove consistentHash if it is not meant.',
    sources: ['istio/istio#31549', 'istio/istio#31271'],
  },
  'MP-911': {
    layer: 'services',
    cause: 'a service is missing in a cluster that has pods of it',
    shows: 'Its name does not resolve in that cluster.',
    fix: 'Create the service there too; without pods it is a stub that makes the name resolve.',
    sources: ['istio/istio#31760', 'istio/istio#17087'],
  },
  'MP-912': {
    layer: 'services',
    cause: 'a service’s ports differ between clusters',
    shows: 'Endpoints of the other cluster belong to a port that nobody asks for: answers of the own cluster alone.',
    fix: 'Give the service the same port numbers and names in every cluster.',
    sources: ['istio/istio#36733'],
  },
  'MP-913': {
    layer: 'services',
    cause: 'a service is headless in one cluster and not in another',
    shows: 'Odd endpoints: its name resolves to pods here and to one address there.',
    fix: 'Make it the same kind of service in every cluster.',
    sources: ['istio/istio#36733', 'istio/istio#43972'],
  },
  'MP-914': {
    layer: 'services',
    severity: 'warning',
    cause: 'a service exists in one cluster alone, and clients of its namespace run in another',
    shows: 'In the other cluster its name does not resolve.',
    fix: 'If they call it, create the service there as a stub; DNS capture in the proxies makes stubs needless.',
    sources: ['istio/istio#31760'],
  },
  'MP-915': {
    layer: 'services',
    severity: 'warning',
    cause: 'a headless service has pods on several networks, and headless services do not cross networks',
    shows: 'Answers of the own network alone: a client resolves pod addresses, and no gateway stands among them.',
    fix:
      'Give the service an address of its own in every cluster, if its pods are meant to answer across networks; a ' +
      'headless service for each cluster alone is fine as it is.',
    sources: ['istio/istio#36733', 'istio/istio#43972'],
  },
  'MP-916': {
    layer: 'services',
    cause: 'a service selects no pod in a cluster that runs its pods',
    shows: 'Answers of other clusters alone; in that cluster its pods are ready and get no request.',
    fix: 'Give the service the selector that it has in the other clusters, or correct the labels of the pods.',
  },
  'MP-834': {
    layer: 'services',
    severity: 'warning',
    cause: 'a port of a service leads to a port by a name that its pods do not have',
    shows: '503 for requests to that port; those to the other ports of the service are answered.',
    fix: 'Give targetPort the number of the port, or the port of the pods the name; or remove the port.',
  },
  'MP-836': {
    layer: 'services',
    severity: 'warning',
    cause: 'a service has more ports in one cluster than in another',
    shows: 'Requests to such a port are answered by the clusters that have it, if any client knows the port.',
    fix: 'If the port is meant to be shared, give it to the service in every cluster, with the same name.',
  },
  'MP-919': {
    layer: 'services',
    severity: 'warning',
    cause: 'a port of a service declares another protocol in one cluster than in another',
    shows:
      'Control planes take one of the two for the whole mesh: where it is TCP, routes, retries and policies of HTTP ' +
      'do not count.',
    fix: 'Give the port the same appProtocol in every cluster, or the same first word in its name.',
  },
  'MP-917': {
    layer: 'services',
    cause: 'a service sends requests to a port by a name that its pods do not have',
    shows: '503 wherever its pods of that cluster are due: they are ready, and no proxy gets an endpoint of them.',
    fix: 'Give targetPort the number of the port, or the port of the pods the name.',
  },
  'MP-918': {
    layer: 'services',
    cause: 'a port of a service names another protocol than its servers speak',
    shows: '502 or 503 with protocol error: the proxy speaks HTTP/2 to a program that speaks HTTP/1.1, or the reverse.',
    fix: 'Correct appProtocol, or the beginning of the port’s name (http, http2, grpc, tcp), in every cluster.',
  },
  'MP-921': {
    layer: 'requests',
    symptom: true,
    cause: 'requests do not reach another cluster',
    shows: 'Every request to a service that only runs there fails.',
    fix: 'All layers below look right: compare the error with the log of the client’s proxy and of the gateway.',
  },
  'MP-922': {
    layer: 'requests',
    symptom: true,
    cause: 'requests do not reach a service of their own cluster',
    shows: 'Every request to it fails, without any other cluster being involved.',
    fix: 'Look at the policies of the mesh: AuthorizationPolicy, PeerAuthentication, Sidecar.',
  },
  'MP-923': {
    layer: 'requests',
    symptom: true,
    cause: 'some requests to another cluster are lost',
    shows: 'A few of many fail or hang; a test with three requests passes.',
    fix: 'Look for packet loss and for one bad member behind an address: gateways’ pods, nodes, load balancer.',
  },
  'MP-961': {
    layer: 'workloads',
    cause: 'a service has no pod, since its workload is scaled to nothing',
    shows: '503 where no cluster has pods of it; answers of other clusters alone where requests to its own are missed.',
    fix: 'Scale the workload up. An autoscaler, a quota or somebody scaled it down.',
  },
  'MP-839': {
    layer: 'workloads',
    severity: 'warning',
    cause: 'a service has no pod in a cluster, since its workload is scaled to nothing there',
    shows: 'Answers of other clusters alone. A cluster that stands by is meant to be so.',
    fix: 'Scale the workload up, unless it is meant to stand by.',
  },
  'MP-962': {
    layer: 'workloads',
    cause: 'a pod is not ready',
    shows: 'It gets no requests, so others answer in its place or nobody does.',
    fix: 'Its status and events say what it waits for; look at the readiness probe and the log of its containers.',
  },
  'MP-963': {
    layer: 'workloads',
    cause: 'the image of a pod cannot be had',
    shows: 'The pod never starts: ErrImagePull, ImagePullBackOff, InvalidImageName.',
    fix:
      'Correct the image’s name or the way to its registry. The image “auto” of a gateway is a placeholder ' +
      'that the sidecar injector fills in: see that the namespace and the pod ask for injection.',
  },
  'MP-964': {
    layer: 'workloads',
    cause: 'a pod is not scheduled on any node',
    shows: 'The pod stays Pending.',
    fix: 'The scheduler says what nodes lack: processor time, memory, a matching label, a tolerated taint, a volume.',
  },
  'MP-965': {
    layer: 'workloads',
    cause: 'a container of a pod ends again and again',
    shows: 'CrashLoopBackOff; the pod is ready now and then, or never.',
    fix: 'Look at the log of its previous container, and at its exit code: 137 is often a limit of memory.',
  },
  'MP-966': {
    layer: 'workloads',
    symptom: true,
    cause: 'a pod waits for its sidecar',
    shows: 'The application runs, the pod is not ready: the proxy has no configuration or no certificate yet.',
    fix: 'The log of the container istio-proxy says whether it cannot reach istiod, is refused by it, or lacks a name.',
  },
  'MP-967': {
    layer: 'workloads',
    cause: 'pods of a workload cannot be created',
    shows: 'The deployment stays behind without a pod that one could look at.',
    fix: 'The API server says who refuses: a quota, a policy, or a webhook that does not answer.',
  },
  'MP-837': {
    layer: 'workloads',
    severity: 'warning',
    cause: 'a pod is not ready, and no service of the mesh waits for it',
    shows: 'Nothing in the mesh: no service has the pod, or other pods of the cluster answer for it.',
    fix: 'Its status and events say what it waits for.',
  },
  'MP-838': {
    layer: 'workloads',
    cause: 'a pod’s sidecar gets too little processor time',
    shows: 'Requests from the pod and to it are slow or time out, and its sidecar is ready late.',
    fix: 'Raise the annotation sidecar.istio.io/proxyCPULimit of the pod, or global.proxy.resources of the mesh.',
  },
  'MP-968': {
    layer: 'workloads',
    cause: 'a node is not ready',
    shows: 'Its pods are not reached, and after some minutes they are moved to other nodes.',
    fix: 'Look at the node’s conditions, its kubelet and its container runtime.',
  },
  'MP-969': {
    layer: 'workloads',
    cause: 'the clocks of nodes differ',
    shows: 'Certificates and tokens are refused as expired or not yet valid, in one direction alone.',
    fix: 'Let every node follow the same time server.',
  },
  'MP-970': {
    layer: 'dns',
    cause: 'a service’s name resolves to another address than the service has',
    shows: 'Clients in that cluster talk to something else, or to nothing; those of other clusters are fine.',
    fix: 'Look for rewrite, hosts or template in the Corefile, and for a stub domain with another name server.',
  },
  'MP-971': {
    layer: 'dns',
    cause: 'a cluster has no ready name server',
    shows: 'No name resolves in that cluster: curl ends with “could not resolve host”; proxies are fine.',
    fix: 'Bring CoreDNS back: replicas, events and logs of its pods in kube-system.',
  },
  'MP-972': {
    layer: 'dns',
    cause: 'a service’s name does not resolve in a cluster that has the service',
    shows: 'Clients in that cluster get “could not resolve host”.',
    fix:
      'Ask the name server from a pod. Look at its Corefile and its log, at the service kube-dns, and at network ' +
      'policies between clients and port 53.',
  },
  'MP-681': {
    layer: 'route',
    severity: 'warning',
    cause: 'the routes of a service take only some of its requests',
    shows: '404 with flag NR for requests that no route takes, from the client’s own proxy.',
    fix: 'If all requests are meant to reach the service, add a route without a match as the last one.',
  },
  'MP-682': {
    layer: 'server',
    severity: 'warning',
    cause: 'a plain request is refused by an AuthorizationPolicy: it wants a token, a header or another method',
    shows: '403 RBAC: access denied, for requests without what the policy wants.',
    fix: 'If clients send what the policy wants, nothing. Otherwise correct the policy.',
  },
  'MP-683': {
    layer: 'route',
    severity: 'warning',
    cause: 'a route aborts or delays some requests on purpose',
    shows: 'Requests that match it get the status that the fault names, with flag FI, or are slow, with flag DI.',
    fix: 'Remove fault from the VirtualService when the experiment is over.',
  },
  'MP-991': {
    layer: 'route',
    cause: 'a route leads to a subset or a service that does not exist',
    shows: '503 with flag NC for every request that takes the route; endpoints and gateways look right.',
    fix:
      'Define the subset in a DestinationRule that the client’s control plane reads, or correct the name in the ' +
      'route.',
    sources: ['istio/istio#6335'],
  },
  'MP-992': {
    layer: 'route',
    cause: 'a route aborts requests on purpose',
    shows: 'That share of the requests gets the status that the fault names, with flag FI.',
    fix: 'Remove fault.abort from the VirtualService when the experiment is over.',
  },
  'MP-993': {
    layer: 'route',
    cause: 'a route delays requests on purpose',
    shows: 'That share of the requests is slow, or times out at the client; flag DI.',
    fix: 'Remove fault.delay from the VirtualService when the experiment is over.',
  },
  'MP-994': {
    layer: 'route',
    cause: 'a route answers or redirects every request itself',
    shows: 'No request reaches the service; the answer is the same from every client.',
    fix: 'Remove directResponse or redirect from the VirtualService, or give it a match.',
  },
  'MP-995': {
    layer: 'route',
    severity: 'warning',
    cause: 'a route sends every request for a service to another one',
    shows: 'Answers come from the other service.',
    fix: 'Correct the destination of the VirtualService, if this is not meant.',
  },
  'MP-996': {
    layer: 'route',
    severity: 'warning',
    cause: 'istioctl analyze reports an error that no other finding covers',
    shows: 'Often nothing, as long as no request needs the object. It stands in the layer that the object belongs to.',
    fix: 'Correct the object. The documentation of Istio explains each code (Configuration Analysis Messages).',
    sources: ['istio.io/latest/docs/reference/config/analysis'],
  },
  'MP-997': {
    layer: 'route',
    cause: 'no route of a client’s proxy takes a plain request for a service',
    shows: '404 with flag NR from the client’s own proxy; endpoints and gateways look right.',
    fix: 'Add a route without a match, the last one, to the VirtualService, or send what its matches ask for.',
  },
  'MP-998': {
    layer: 'route',
    cause: 'a rule gives requests less time than an answer takes',
    shows: '504 with flag UT, or 503 with flag UF or UO, from the client’s own proxy, although servers answer.',
    fix: 'Correct timeout of the VirtualService, or connectionPool of the DestinationRule.',
  },
  'MP-999': {
    layer: 'route',
    cause: 'a route leads to a subset that no pod belongs to',
    shows: '503 with flag UH for every request that takes the route, although the service has ready pods.',
    fix: 'Correct the labels of the subset in the DestinationRule, or the labels of the pods.',
  },
  'MP-924': {
    layer: 'route',
    cause: 'a client’s proxy finds the servers of a service by other means than its control plane',
    shows:
      'Answers of the own cluster alone, or 503 with flag UH or UF, although gateways and remote secrets are right.',
    fix:
      'Remove what the evidence names: loadBalancer.simple PASSTHROUGH of a DestinationRule, a ServiceEntry with the ' +
      'host of a service, or a patch of an EnvoyFilter.',
    sources: ['istio/istio#44356'],
  },
  'MP-901': {
    layer: 'transport',
    cause: 'a DestinationRule sends plaintext to servers that require mutual TLS',
    shows: '503 from every client: connection reset, upstream connect error.',
    fix:
      'Remove trafficPolicy.tls from the DestinationRule, or set its mode to ISTIO_MUTUAL. Where the mesh config has ' +
      'enableAutoMtls false, remove that.',
    sources: ['istio/istio#28798'],
  },
  'MP-925': {
    layer: 'transport',
    cause: 'a client’s proxy does not open mutual TLS as the servers of a service take it',
    shows: '503 with flag UF or UC: connection reset, CERTIFICATE_VERIFY_FAILED, or a gateway that closes connections.',
    fix:
      'Correct what the evidence names: an EnvoyFilter that changes clusters, or trust domains that differ. Compare ' +
      'with `istioctl proxy-config clusters`.',
    sources: ['istio/istio#37134', 'istio/istio#47130'],
  },
  'MP-902': {
    layer: 'transport',
    cause: 'a DestinationRule accepts other identities than the servers have',
    shows: '503 from every client: CERTIFICATE_VERIFY_FAILED, verify SAN list.',
    fix: 'Correct subjectAltNames, or remove them: Istio knows the identities of its servers.',
    sources: ['istio/istio#47130'],
  },
  'MP-903': {
    layer: 'transport',
    cause: 'control planes of one mesh have different trust domains, and none names the other as an alias',
    shows: 'Policies that name identities of the other cluster do not fit; clients may refuse its servers.',
    fix: 'Give them one trustDomain, or name each other’s in trustDomainAliases.',
    severity: 'warning',
  },
  'MP-904': {
    layer: 'server',
    cause: 'a service’s own program answers requests with an error',
    shows: 'The status of the program, through every proxy: the mesh brought the request and the answer.',
    fix: 'Ask the program at its pod. Where it was asked for another path, correct rewrite in the VirtualService.',
  },
  'MP-905': {
    layer: 'server',
    cause: 'an AuthorizationPolicy refuses clients of a service',
    shows: '403 RBAC: access denied, from every cluster or from one.',
    fix: 'Let the clients’ identities in. Behind a gateway a client keeps its identity, and not its address.',
  },
  'MP-906': {
    layer: 'server',
    cause: 'a NetworkPolicy leaves the gateway or a client of a service out, or keeps a client in its cluster',
    shows: 'Requests of other networks, or of the own cluster, time out where the network enforces such policies.',
    fix: 'Let the gateway’s pods in, at the port of the pods; let clients out to the gateways of other networks.',
    severity: 'warning',
  },
  'MP-907': {
    layer: 'server',
    cause: 'an application does not listen at the port that its service sends requests to',
    shows: '503 from every cluster that is sent there: connection refused, behind a sidecar that is ready.',
    fix: 'Correct targetPort, or let the program listen on all addresses and not on localhost alone.',
  },
  'MP-835': {
    layer: 'server',
    severity: 'warning',
    cause: 'an application does not listen at one of the ports of its service',
    shows: '503 for requests to that port; those to the other ports of the service are answered.',
    fix: 'Correct targetPort, or remove the port from the service.',
  },
  'MP-926': {
    layer: 'server',
    cause: 'a server’s proxy has nothing to pass requests on to',
    shows: '503 with flag NC, or connections that close, from every server with that proxy; its program is well.',
    fix: 'Remove the EnvoyFilter that takes clusters out of the server’s proxy, or restart its pod.',
    sources: ['istio.io/latest/docs/reference/config/networking/envoy-filter'],
  },
  'MP-927': {
    layer: 'server',
    cause: 'a server’s pod takes no connection from a client of its own cluster',
    shows:
      'Requests to that pod wait until their time is up; retries hide some of them, and its probes may still pass.',
    fix: 'Find what drops packets between them: a policy of the network plugin (Calico, Cilium), a filter in the pod.',
  },
  'MP-909': {
    layer: 'server',
    cause: 'a filter of a server’s proxy answers requests itself',
    shows: '429, 403 or 503 that the program never sent: a limit of requests, an authorizer, a script.',
    fix: 'Correct or remove the EnvoyFilter or WasmPlugin that puts the filter there.',
  },
  'MP-908': {
    layer: 'server',
    cause: 'an AuthorizationPolicy lets some clients of a service in, and others not',
    shows: '403 RBAC: access denied, for these clients alone.',
    fix: 'If these clients are meant to call the service, let their identities in.',
    severity: 'warning',
  },
  'MP-981': {
    layer: 'interception',
    cause: 'a client’s requests to a shared service go around its sidecar',
    shows: 'Answers of the own cluster alone, or refused plaintext; the proxy’s endpoints look right.',
    fix: 'Take the port or the range out of the annotation, or out of the injector’s values, and restart the pod.',
  },
  'MP-982': {
    layer: 'interception',
    cause: 'what a server gets goes around its sidecar',
    shows: 'The application gets TLS that it does not understand, or plaintext is accepted under STRICT.',
    fix: 'Take the port out of excludeInboundPorts, or add it to includeInboundPorts, and restart the pod.',
  },
  'MP-983': {
    layer: 'interception',
    cause: 'a Sidecar opens other ports than the service of its workload has',
    shows: 'Connections to the service are reset by the servers’ own proxies.',
    fix: 'Add the port to the Sidecar’s ingress, or remove ingress: then every port of the pod is open.',
  },
  'MP-984': {
    layer: 'interception',
    cause: 'a filter of a client’s proxy answers requests itself',
    shows: 'An error that no server sent: a script, a limit of requests, an authorizer in the client’s own sidecar.',
    fix: 'Correct or remove the EnvoyFilter or WasmPlugin that puts the filter there.',
  },
} as const satisfies Record<string, CodeEntry & { layer: string; severity?: 'warning'; symptom?: true; latent?: true }>
