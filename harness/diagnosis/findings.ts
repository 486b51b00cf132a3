/**
 * The layers in which a mesh is diagnosed, from the bottom. A finding is explained by a problem of a lower layer about
 * the same clusters.
 */
export const meshLayers = {
  api: 'API servers and versions',
  ranges: 'address ranges',
  networks: 'network labels',
  trust: 'trust roots',
  control: 'control plane and webhooks',
  secrets: 'remote secrets',
  sync: 'live sync',
  workloads: 'workloads',
  dns: 'names',
  services: 'services across clusters',
  gateways: 'gateways and the way to them',
  interception: 'interception by the sidecar',
  route: 'routes',
  endpoints: 'endpoints',
  transport: 'mutual TLS between client and server',
  server: 'what the server accepts',
  requests: 'requests',
} as const
export type MeshLayer = keyof typeof meshLayers

/**
 * What a code means: the page of it in docs/codes.md is made from this. A warning explains what users see and breaks
 * nothing. A symptom is what a cause shows elsewhere: any other problem about the same clusters explains it. A latent
 * problem shows nothing until something restarts, so it explains nothing.
 */
export type Page = {
  layer: MeshLayer
  cause: string
  shows: string
  mend: string
  threads?: string
  warning?: true
  symptom?: true
  latent?: true
}

/**
 * What can be wrong with an existing mesh, by its stable code. The bands of the codes are the layers, from the bottom.
 */
export const findings = {
  'MP-811': {
    layer: 'api',
    cause: 'a proxy and its control plane are more than two minor versions apart',
    shows: 'Proxies refuse configuration, or do not know fields they are given; what exactly depends on the versions.',
    mend: 'Restart the workloads of the older side after upgrading it: a sidecar gets its version when its pod is made.',
  },
  'MP-812': {
    layer: 'api',
    cause: 'the clusters give their mesh different ids',
    shows:
      'Nothing in traffic: discovery, mutual TLS and gateways do not look at it. Telemetry shows several meshes, and ' +
      'an installation that takes its trust domain from the id has another one.',
    mend: 'Give every cluster the same global.meshID; new proxies take it.',
    threads: 'istio/istio#46388, kiali/kiali#6249',
    warning: true,
  },

  'MP-821': {
    layer: 'ranges',
    cause: 'clusters of one network use overlapping address ranges',
    shows:
      'Some requests reach the wrong pod, or none, without any error of Istio: a packet goes to whoever has the ' +
      'address nearby.',
    mend:
      'Give every cluster of a network pod and service ranges of its own; that means a new cluster, or another ' +
      'network with a gateway.',
    threads: 'istio/istio#14066, istio/istio#34627',
  },

  'MP-831': {
    layer: 'networks',
    cause: 'istio-system does not say which network its cluster is on',
    shows:
      'Nothing at first. After the next restart of istiod or a proxy, clients get pod addresses of another ' +
      'network, and requests time out.',
    mend:
      'Label the namespace istio-system with topology.istio.io/network, in every cluster of a mesh with several ' +
      'networks.',
    threads: 'istio/istio#28381, istio/istio#49412',
  },
  'MP-832': {
    layer: 'networks',
    cause: 'a cluster’s network label is not the network its proxies are told',
    shows:
      'Endpoints on the wrong side of a gateway: a client gets pod addresses where a gateway is due, or a ' +
      'gateway for its neighbours.',
    mend:
      'Make the label of istio-system, global.network and the remote’s injection path say the same; then restart ' +
      'the workloads.',
    threads: 'istio/istio#28381',
  },
  'MP-833': {
    layer: 'networks',
    cause: 'a pod carries the label of another network',
    shows: 'Half of the answers time out in another cluster, and none in the pod’s own.',
    mend: 'Correct topology.istio.io/network on the pod, and in the template that it is made from.',
    threads: 'istio/istio#28381',
  },

  'MP-841': {
    layer: 'trust',
    cause: 'the clusters’ certificates come from different roots',
    shows: 'CERTIFICATE_VERIFY_FAILED or UNKNOWN_CA, 503 with flags UF; within a cluster all is well.',
    mend: 'Create cacerts of every cluster from one root, then restart istiod and the workloads.',
    threads: 'istio/istio#32501, istio/istio#52356, istio/istio#61719',
  },
  'MP-842': {
    layer: 'trust',
    cause: 'a cluster has no cacerts, and others have',
    shows: 'As with different roots, once its istiod has restarted: it makes a root of its own.',
    mend: 'Create the secret cacerts in istio-system from the shared root, then restart istiod.',
    threads: 'istio/istio#32501',
  },
  'MP-843': {
    layer: 'trust',
    cause: 'running proxies were signed by another certificate authority than cacerts holds',
    shows: 'Nothing until something restarts; then new workloads and old ones may not trust each other.',
    mend:
      'Restart istiod so that it reads cacerts, then the workloads; with a new root, first let everybody trust ' +
      'both.',
    threads: 'istio/istio#61719',
    latent: true,
  },
  'MP-844': {
    layer: 'trust',
    cause: 'the certificates in cacerts do not fit together',
    shows: 'istiod does not start, or signs what nobody can verify.',
    mend:
      'root-cert.pem must verify ca-cert.pem, cert-chain.pem must begin with it, and ca-key.pem must be its key: ' +
      'make the secret again.',
  },
  'MP-845': {
    layer: 'trust',
    cause: 'a certificate authority has expired',
    shows: 'Every new connection fails with CERTIFICATE_VERIFY_FAILED: certificate has expired.',
    mend: 'Issue a new intermediate from the root, replace cacerts, restart istiod and the workloads.',
  },

  'MP-851': {
    layer: 'control',
    cause: 'a control plane has no ready istiod',
    shows: 'Traffic goes on as it was; new pods get no sidecar or no certificate, and no change arrives.',
    mend: 'Look at the deployment and its pods: replicas, events, the log of the previous container.',
  },
  'MP-852': {
    layer: 'control',
    cause: 'no named cluster runs a control plane',
    shows: 'What the clusters are told cannot be looked at.',
    mend: 'Add the context of the cluster where istiod runs.',
  },
  'MP-853': {
    layer: 'control',
    cause: 'a sidecar injector does not hold the certificate that its istiod serves with',
    shows: 'Pods cannot be created: x509: certificate signed by unknown authority.',
    mend:
      'Restart the istiod of that cluster’s control plane: it writes caBundle into the webhook; look at its log if ' +
      'it stays empty.',
    threads: 'istio/istio#42942, istio/istio#45014',
  },
  'MP-854': {
    layer: 'control',
    cause: 'a sidecar injector leads nowhere',
    shows: 'Pods cannot be created: no endpoints available for service, or they come without a sidecar.',
    mend:
      'The service that the webhook names must exist and have endpoints: ready istiod pods, or for a remote the ' +
      'control plane’s address.',
    threads: 'istio/istio#42327, istio/istio#58445',
  },
  'MP-855': {
    layer: 'control',
    cause: 'a remote cluster looks for istiod at another address than istiod has',
    shows: 'Running proxies lose their control plane at the next reconnection, and new pods do not become ready.',
    mend: 'Install the remote profile again with the control plane’s present address (global.remotePilotAddress).',
  },
  'MP-856': {
    layer: 'control',
    cause: 'a new pod does not get a sidecar',
    shows: 'Pods cannot be created or come up without a sidecar: failed calling webhook, context deadline exceeded.',
    mend:
      'The API server must reach the webhook’s service, port 15017 behind it: look for a firewall between its ' +
      'nodes and istiod.',
    threads: 'istio/istio#42327',
  },
  'MP-857': {
    layer: 'control',
    cause: 'pods run without the sidecar that their namespace asks for',
    shows:
      'Such a pod sends and takes plaintext: refused under STRICT, WRONG_VERSION_NUMBER across networks, and ' +
      'never reached from another network.',
    mend: 'They are older than the label of their namespace: restart them.',
    threads: 'istio/istio#28798, istio/istio#26517',
  },
  'MP-858': {
    layer: 'control',
    cause: 'a namespace with sidecars does not ask for them any more',
    shows: 'Nothing until a pod restarts: it comes back without a sidecar.',
    mend: 'Label the namespace again with istio-injection=enabled or istio.io/rev.',
    latent: true,
  },

  'MP-860': {
    layer: 'secrets',
    cause: 'two clusters of the mesh have the same name',
    shows:
      'Each cluster answers for itself alone, without any error: istiod ignores a remote secret under its own name, ' +
      'and lists that name as synced.',
    mend:
      'Give each cluster a global.multiCluster.clusterName of its own, restart its workloads, and create the remote ' +
      'secrets again.',
    threads: 'istio/istio#42516',
  },
  'MP-861': {
    layer: 'secrets',
    cause: 'a control plane has no remote secret for a cluster',
    shows:
      'Clients get answers of their own cluster alone; workloads of that cluster do not become ready if it has ' +
      'no other control plane.',
    mend: 'istioctl create-remote-secret in that cluster, applied to the control plane’s.',
  },
  'MP-862': {
    layer: 'secrets',
    cause: 'a remote secret’s server is a loopback address',
    shows: 'The cluster never syncs: istiod dials itself.',
    mend: 'Create the secret again with --server= an address that istiod’s pods reach.',
    threads: 'istio/istio#31081, istio/istio#44826',
  },
  'MP-863': {
    layer: 'secrets',
    cause: 'a remote secret’s server cannot be reached from where istiod is',
    shows: 'The cluster never syncs, or no change of it arrives any more.',
    mend: 'Open the way from istiod’s pods to that API server, or create the secret again with an address they reach.',
    threads: 'istio/istio#51376',
  },
  'MP-864': {
    layer: 'secrets',
    cause: 'a remote secret calls a cluster by another name than its proxies do',
    shows: 'Proxies are refused: client claims to be in cluster …, but we only know about …',
    mend: 'Create the secret again with --name= the cluster’s own name.',
    threads: 'istio/istio#52065, istio/istio#38258',
  },
  'MP-865': {
    layer: 'secrets',
    cause: 'a remote secret’s credentials are refused',
    shows: 'Nothing until istiod restarts; then the cluster does not sync, and its pods get no certificates.',
    mend: 'The token has ended, was revoked or belongs to another cluster: create the secret again.',
    threads: 'istio/istio#61043, istio/istio#34210',
  },
  'MP-866': {
    layer: 'secrets',
    cause: 'a remote secret holds no kubeconfig',
    shows: 'istiod logs an error and ignores it; the cluster never syncs.',
    mend: 'Create the secret again with istioctl create-remote-secret.',
  },
  'MP-867': {
    layer: 'secrets',
    cause: 'a remote secret’s user may not do what istiod needs',
    shows:
      'The cluster does not sync, or endpoints go stale: forbidden in istiod’s log. Without tokenreviews, new pods of ' +
      'that cluster do not become ready.',
    mend: 'Bind the reader’s cluster role again in that cluster, or install the remote profile again, which does.',
    threads: 'istio/istio#60612, istio/istio#26017',
  },
  'MP-868': {
    layer: 'secrets',
    cause: 'a remote secret lacks the label by which istiod finds it',
    shows: 'As without the secret: its cluster is not watched.',
    mend: 'Label it istio/multiCluster=true.',
  },
  'MP-869': {
    layer: 'secrets',
    cause: 'istiod refuses the kubeconfig of a remote secret',
    shows:
      'Nothing until istiod restarts; then the cluster is not in the mesh: kubeconfig is not allowed. kubectl works ' +
      'with the same file.',
    mend:
      'Create the secret with istioctl create-remote-secret: a token in the text, and no plugin, auth provider or ' +
      'file. PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS of istiod allows them one by one.',
    threads: 'istio/istio#61773, istio/istio#53992',
  },
  'MP-691': {
    layer: 'secrets',
    cause: 'the certificate of a remote secret’s server does not match the secret',
    shows: 'The cluster does not sync: x509 in istiod’s log.',
    mend:
      'Create the secret again, with the authority that the API server has now and an address that its certificate ' +
      'names.',
    threads: 'istio/istio#44826, istio/istio#27377',
  },
  'MP-692': {
    layer: 'secrets',
    cause: 'a remote secret’s credentials end within a day',
    shows: 'Nothing yet. Then the API server answers 401, and the next istiod loses the cluster.',
    mend: 'Create the secret again with a token that lasts, or see that what renews it runs.',
    threads: 'istio/istio#60612, istio/istio#34210, istio/istio#37925',
    warning: true,
  },
  'MP-693': {
    layer: 'secrets',
    cause: 'two remote secrets name the same cluster',
    shows: 'istiod uses one of them and ignores the other; after its next start that may be the other one.',
    mend: 'Delete the one that is not meant.',
    warning: true,
  },
  'MP-694': {
    layer: 'secrets',
    cause: 'a remote secret’s user may do less than Istio’s chart lets it',
    shows: 'Nothing where the mesh does not use it: WorkloadEntries, Gateways or TLS secrets of that cluster.',
    mend: 'Install the reader’s cluster role of that cluster again.',
    warning: true,
  },

  'MP-871': {
    layer: 'sync',
    cause: 'a control plane does not watch a cluster that it has a secret for',
    shows: 'Clients get answers of their own cluster alone.',
    mend:
      'Touch the secret, and istiod reads it again; where its log says nothing of it, restart istiod: what follows ' +
      'secrets in it can lock up.',
    threads: 'istio/istio#38440',
  },
  'MP-872': {
    layer: 'sync',
    cause: 'istiod’s endpoints are not those of the API server',
    shows: 'Requests go to pods that are gone, while the cluster counts as synced: that word is never taken back.',
    mend: 'A watch has stalled: create the remote secret again, or restart istiod, when that API server answers it.',
    threads: 'istio/istio#38440, istio/istio#45992, istio/istio#33799',
    symptom: true,
  },
  'MP-873': {
    layer: 'sync',
    cause: 'a proxy is not connected to its control plane, or refuses what it is sent',
    shows: 'It goes on with what it had; what changed since does not reach it.',
    mend: 'istioctl proxy-status; the pod’s own log says whether it cannot reach istiod or was refused.',
    threads: 'istio/istio#51612',
    symptom: true,
  },

  'MP-881': {
    layer: 'gateways',
    cause: 'a network has no gateway that others know of',
    shows: 'Clients of other networks get answers of their own network alone.',
    mend: 'Install an east-west gateway labelled topology.istio.io/network, or name it in meshNetworks.',
  },
  'MP-882': {
    layer: 'gateways',
    cause: 'a gateway’s service has no address',
    shows: 'Clients of other networks get answers of their own network alone, or 503.',
    mend:
      'kubectl describe service says what the load balancer lacks; without one, name addresses by hand in ' +
      'meshNetworks.',
    threads: 'istio/istio#49045, istio/istio#45516',
  },
  'MP-883': {
    layer: 'gateways',
    cause: 'meshNetworks names another address than the gateway has',
    shows: 'Half of the requests fail or hang, from every other network.',
    mend: 'Patch meshNetworks in config map istio with the gateway’s address.',
    threads: 'istio/istio#43656',
  },
  'MP-884': {
    layer: 'gateways',
    cause: 'a gateway does not pass on the mesh’s services',
    shows: '503 with UF from other networks; the gateway’s log says NR on 15443.',
    mend:
      'Apply a Gateway with port 15443, tls.mode AUTO_PASSTHROUGH and hosts *.local for it; after an upgrade, see ' +
      'that it has the revision of the gateway.',
    threads: 'istio/istio#53690, istio/istio#34867, istio/istio#32848',
  },
  'MP-885': {
    layer: 'gateways',
    cause: 'a gateway’s port 15443 cannot be reached from another cluster',
    shows: 'Half of the requests fail with 503 UF or hang, from that cluster.',
    mend:
      'Look for a firewall, security group or network policy between that cluster’s pods and the gateway’s ' +
      'address.',
    threads: 'istio/istio#49045, istio/istio#43656',
  },
  'MP-886': {
    layer: 'gateways',
    cause: 'istiod’s ports cannot be reached from a remote cluster',
    shows: 'Its proxies do not become ready, and pods cannot be created: 15012 is configuration, 15017 the webhook.',
    mend: 'Expose istiod through the gateway (Gateway and VirtualService for 15012 and 15017), and open both ports.',
    threads: 'istio/istio#42327',
  },
  'MP-887': {
    layer: 'gateways',
    cause: 'a gateway has no ready pod behind its service',
    shows: 'As with a closed port: its address answers nobody.',
    mend: 'Look at the gateway’s deployment, and at the labels its service selects.',
  },
  'MP-888': {
    layer: 'gateways',
    cause: 'a pod cannot reach pods of another cluster on its network',
    shows: 'That share of its requests times out; no gateway stands between clusters of one network.',
    mend:
      'Look at the routes between the clusters’ nodes, in both directions, and at what filters between them; or ' +
      'put the clusters on networks of their own.',
  },

  'MP-891': {
    layer: 'endpoints',
    cause: 'a client’s proxy holds a pod address of another network',
    shows: 'That share of its requests times out.',
    mend:
      'istiod takes that pod for a neighbour: look at network labels of the namespace and the pod, and whether the ' +
      'network has a gateway.',
    threads: 'istio/istio#28381, istio/istio#49412',
  },
  'MP-892': {
    layer: 'endpoints',
    cause: 'a client’s proxy does not know a service’s pods in another cluster',
    shows: 'Answers of some clusters alone, all of them 200.',
    mend: 'istioctl proxy-config endpoints of the client, and istiod’s /debug/endpointz, say who loses them.',
    symptom: true,
  },
  'MP-893': {
    layer: 'endpoints',
    cause: 'a PeerAuthentication turns mutual TLS off, and plaintext does not cross networks',
    shows: 'Answers of the own network alone, all of them 200.',
    mend: 'Remove it, or set it to PERMISSIVE or STRICT: gateways pass on mutual TLS alone.',
    threads: 'istio/istio#28798, istio/istio#26517',
  },
  'MP-894': {
    layer: 'endpoints',
    cause: 'a Sidecar limits what clients know, and leaves a shared service out',
    shows: 'The service is unknown to the proxy: 502 where the registry alone is allowed, otherwise around the mesh.',
    mend: 'Add the service’s namespace to egress.hosts of the Sidecar.',
  },
  'MP-895': {
    layer: 'endpoints',
    cause: 'a service is not exported to its clients',
    shows: 'Clients of other namespaces do not know it, or know it in part.',
    mend: 'Widen the annotation networking.istio.io/exportTo of the service, in every cluster.',
  },
  'MP-896': {
    layer: 'endpoints',
    cause: 'a DestinationRule overrides mutual TLS of a service in the mesh',
    shows:
      '503 or WRONG_VERSION_NUMBER from every client; with DISABLE across networks, answers of the own network alone.',
    mend: 'Remove trafficPolicy.tls, or set its mode to ISTIO_MUTUAL.',
    threads: 'istio/istio#28798',
  },
  'MP-897': {
    layer: 'endpoints',
    cause: 'clients prefer their own locality: other clusters answer only when it fails',
    shows: 'Only one version is ever seen.',
    mend:
      'This is locality failover, on wherever a DestinationRule has outlierDetection; turn localityLbSetting off ' +
      'if it is not meant.',
    threads: 'istio/istio#41104, istio/istio#48084',
    warning: true,
  },
  'MP-898': {
    layer: 'endpoints',
    cause: 'a DestinationRule makes each client stick to one server',
    shows: 'Each client sees one version alone.',
    mend: 'Remove consistentHash if it is not meant.',
    threads: 'istio/istio#31549, istio/istio#31271',
    warning: true,
  },

  'MP-911': {
    layer: 'services',
    cause: 'a service is missing in a cluster that has pods of it',
    shows: 'Its name does not resolve in that cluster.',
    mend: 'Create the service there too; without pods it is a stub that makes the name resolve.',
    threads: 'istio/istio#31760, istio/istio#17087',
  },
  'MP-912': {
    layer: 'services',
    cause: 'a service’s ports differ between clusters',
    shows: 'Endpoints of the other cluster belong to a port that nobody asks for: answers of the own cluster alone.',
    mend: 'Give the service the same port numbers and names in every cluster.',
    threads: 'istio/istio#36733',
  },
  'MP-913': {
    layer: 'services',
    cause: 'a service is headless in one cluster and not in another',
    shows: 'Odd endpoints: its name resolves to pods here and to one address there.',
    mend: 'Make it the same kind of service in every cluster.',
    threads: 'istio/istio#36733, istio/istio#43972',
  },
  'MP-914': {
    layer: 'services',
    cause: 'a service exists in one cluster alone, and clients of its namespace run in another',
    shows: 'In the other cluster its name does not resolve.',
    mend: 'If they call it, create the service there as a stub; DNS capture in the proxies makes stubs needless.',
    threads: 'istio/istio#31760',
    warning: true,
  },

  'MP-921': {
    layer: 'requests',
    cause: 'requests do not reach another cluster',
    shows: 'Every request to a service that only runs there fails.',
    mend: 'All layers below look right: compare the error with the log of the client’s proxy and of the gateway.',
    symptom: true,
  },
  'MP-922': {
    layer: 'requests',
    cause: 'requests do not reach a service of their own cluster',
    shows: 'Every request to it fails, without any other cluster being involved.',
    mend: 'Look at the policies of the mesh: AuthorizationPolicy, PeerAuthentication, Sidecar.',
    symptom: true,
  },
  'MP-923': {
    layer: 'requests',
    cause: 'some requests to another cluster are lost',
    shows: 'A few of many fail or hang; a test with three requests passes.',
    mend: 'Look for packet loss and for one bad member behind an address: gateways’ pods, nodes, load balancer.',
    symptom: true,
  },
} as const satisfies Record<string, Page>

export type FindingCode = keyof typeof findings

/** The page of a code. */
export const pageOf = (code: FindingCode): Page => findings[code]
