# shellcheck shell=bash
# Istio by hand: control planes, east-west gateways, remote secrets.

# install_istio CLUSTER PROFILE [istioctl's arguments]
install_istio() {
  cat > "$work/cluster$1.yaml" <<YAML
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  profile: $2
  hub: $ISTIO_HUB
  tag: '$ISTIO_TAG'
  values:
    global: {meshID: mesh1, multiCluster: {clusterName: cluster$1}, network: $(network "$1"), imagePullPolicy: IfNotPresent}
YAML
  if [[ $IMAGES == source ]]; then
    cat >> "$work/cluster$1.yaml" <<'YAML'
    pilot: {env: {PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false', PILOT_DISABLE_MX_ALPN: 'true'}}
    telemetry: {enabled: false}
YAML
  fi
  istio "$1" install -y -f "$work/cluster$1.yaml" "${@:3}"
}

# Where meshNetworks names the gateways (seed 000), they carry no network label, so that istiod does not discover them as well.
east_west_gateway() {
  local of label=''
  of=$(network "$1")
  if [[ $topology != gateway ]]; then label=", topology.istio.io/network: $of"; fi
  cat > "$work/gateway$1.yaml" <<YAML
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: eastwest}
spec:
  profile: empty
  hub: $ISTIO_HUB
  tag: '$ISTIO_TAG'
  components:
    ingressGateways:
    - name: istio-eastwestgateway
      enabled: true
      label: {app: istio-eastwestgateway, istio: eastwestgateway$label}
      k8s:
        env: [{name: ISTIO_META_REQUESTED_NETWORK_VIEW, value: $of}]
        service:
          ports:
          - {name: status-port, port: 15021, targetPort: 15021}
          - {name: tls, port: 15443, targetPort: 15443}
          - {name: tls-istiod, port: 15012, targetPort: 15012}
          - {name: tls-webhook, port: 15017, targetPort: 15017}
  values:
    gateways: {istio-ingressgateway: {injectionTemplate: gateway}}
    global: {network: $of, imagePullPolicy: IfNotPresent}
YAML
  istio "$1" install -y -f "$work/gateway$1.yaml"
}

# address CLUSTER SERVICE: prints the address that the load balancer gave to the service.
has_address() { [[ $(k "$1" -n istio-system get service "$2" -o jsonpath='{.status.loadBalancer.ingress[0].ip}') ]]; }
address() {
  within 120 has_address "$1" "$2"
  k "$1" -n istio-system get service "$2" -o jsonpath='{.status.loadBalancer.ingress[0].ip}'
}

# expose CLUSTER WHAT: applies the manifest that exposes istiod or the services of the mesh through the gateway.
expose() {
  sed 's/\${istioNamespace}/istio-system/g' "$fixtures/expose-$2.yaml" > "$work/expose-$2$1.yaml"
  k "$1" apply -f "$work/expose-$2$1.yaml"
}

# Installs the control plane of cluster $1 and, on two networks, the gateway to its services.
install_primary() {
  install_istio "$1" minimal
  if [[ ! $one_network ]]; then
    east_west_gateway "$1"
    expose "$1" services
  fi
}

# remote_secret CLUSTER: lets the control plane of the other cluster watch this cluster's API server.
remote_secret() {
  istio "$1" create-remote-secret --name="cluster$1" --server="https://$(node_address "$1"):6443" > "$work/remote-secret$1.yaml"
  k "$(peer "$1")" apply -f "$work/remote-secret$1.yaml"
}

two_control_planes() {
  in_both install_primary; reached 'control planes'
  in_both remote_secret; reached 'remote secrets'
}

# mesh_networks ADDRESS ADDRESS: prints the two networks, each with the address of its gateway.
mesh_networks() {
  local first="endpoints: [{fromRegistry: cluster1}], gateways: [{address: $1, port: 15443}]"
  local second="endpoints: [{fromRegistry: cluster2}], gateways: [{address: $2, port: 15443}]"
  echo "{network1: {$first}, network2: {$second}}"
}

one_control_plane() {
  local discovery address1 address2 placeholder=()
  if [[ $topology == gateway ]]; then
    placeholder=(-f "$work/placeholder.yaml")
    printf '%s\n' 'apiVersion: install.istio.io/v1alpha1' 'kind: IstioOperator' \
      "spec: {values: {global: {meshNetworks: $(mesh_networks 0.0.0.0 0.0.0.0)}}}" > "$work/placeholder.yaml"
  fi
  install_istio 1 minimal "${placeholder[@]}" --set values.global.externalIstiod=true; reached 'control plane'
  case $topology in
    vpn) internal_load_balancer; discovery=$(address 1 istiod-ilb) ;;
    shared-control-plane) discovery=$(k 1 -n istio-system get pods -l app=istiod -o jsonpath='{.items[0].status.podIP}') ;;
    *)
      east_west_gateway 1
      expose 1 istiod
      expose 1 services
      discovery=$(address 1 istio-eastwestgateway)
      ;;
  esac
  reached "control plane at $discovery"
  k 2 annotate namespace istio-system topology.istio.io/controlPlaneClusters=cluster1
  install_istio 2 remote --set "values.global.remotePilotAddress=$discovery" --set "values.istiodRemote.injectionPath=/inject/cluster/cluster2/net/$(network 2)"
  remote_secret 2; reached 'remote cluster'
  if [[ ! $one_network ]]; then east_west_gateway 2; fi
  if [[ $topology == gateway ]]; then
    address1=$(address 1 istio-eastwestgateway)
    address2=$(address 2 istio-eastwestgateway)
    echo "data: {meshNetworks: 'networks: $(mesh_networks "$address1" "$address2")'}" > "$work/mesh-networks.yaml"
    k 1 -n istio-system patch configmap istio --patch-file "$work/mesh-networks.yaml"
  fi
}

internal_load_balancer() {
  k 1 apply -f - <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: istiod-ilb, namespace: istio-system}
spec:
  type: LoadBalancer
  selector: {app: istiod}
  ports: [{name: tls-xds, port: 15012}, {name: tls-webhook, port: 15017}]
YAML
}
