# shellcheck shell=bash
# Two kind clusters by hand, up to the point where Istio can be installed: nodes, pod network, load balancer, certificates.

# kind's quick start, with the address ranges that a mesh of two clusters needs.
create_cluster() {
  local config=$work/cluster$1.kind.yaml ready=(--wait 120s)
  {
    printf '%s\n' 'kind: Cluster' 'apiVersion: kind.x-k8s.io/v1alpha4' 'nodes:' "- {role: control-plane, image: '$NODE_IMAGE'}"
    printf '%s\n' 'networking:' "  podSubnet: $(pods "$1")" "  serviceSubnet: $(services "$1")"
    if [[ $IMAGES == source ]]; then printf '%s\n' '  disableDefaultCNI: true'; fi
    if [[ $RESTRICTED == 1 ]]; then printf '%s\n' 'featureGates: {KubeletInUserNamespace: true}'; fi
    if [[ $COREDNS_TAG ]]; then printf '%s\n' 'kubeadmConfigPatches:' '- |' '  kind: ClusterConfiguration' "  dns: {imageTag: '$COREDNS_TAG'}"; fi
  } > "$config"
  # A node without a pod network never becomes ready, so kind must not wait for it.
  if [[ $IMAGES == source ]]; then ready=(); fi
  "$KIND" create cluster --name "$NAME-cluster$1" --kubeconfig "$work/cluster$1.kubeconfig" --config "$config" "${ready[@]}"
  if [[ $IMAGES == source ]]; then
    pod_network "$1"
    k "$1" wait --for=condition=Ready node --all --timeout=120s
  fi
}

# A node without a CNI daemon needs a configuration file, and a rule that gives outgoing packets the node's address.
pod_network() {
  local range flat=()
  range=$(pods "$1")
  if [[ $one_network ]]; then flat=(! -d "$(pods "$(peer "$1")")"); fi
  docker exec "$(node "$1")" iptables -t nat -A POSTROUTING -s "$range" "${flat[@]}" -o eth0 -j MASQUERADE
  docker exec -i "$(node "$1")" sh -c 'mkdir -p /etc/cni/net.d && cat > /etc/cni/net.d/10-ptp.conflist' <<JSON
{"cniVersion": "0.4.0", "name": "by-hand", "plugins": [
  {"type": "ptp", "ipMasq": false, "ipam": {"type": "host-local", "ranges": [[{"subnet": "${range%/16}/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
JSON
}

# One network: each node routes to the pods and services of the other cluster.
route_to_peer() {
  local to address
  to=$(peer "$1")
  address=$(node_address "$to")
  docker exec "$(node "$1")" ip route add "$(pods "$to")" via "$address"
  docker exec "$(node "$1")" ip route add "$(services "$to")" via "$address"
}

# MetalLB's installation by manifest. As kind advises, it gets addresses of the engine's network.
load_balancer() {
  local subnet
  k "$1" apply -f "$METALLB_MANIFEST"
  k "$1" -n metallb-system rollout status deployment/controller --timeout=180s
  k "$1" -n metallb-system rollout status daemonset/speaker --timeout=180s
  subnet=$(docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' "$NAME")
  cat > "$work/pool$1.yaml" <<YAML
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: by-hand, namespace: metallb-system}
spec: {addresses: ['${subnet%.*}.$((180 + 20 * $1))-${subnet%.*}.$((199 + 20 * $1))']}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: by-hand, namespace: metallb-system}
YAML
  # The webhook may not answer yet. A person would repeat the command.
  within 120 k "$1" apply -f "$work/pool$1.yaml"
}

# Istio's “plug in CA certificates”: one root for the mesh, one intermediate for each cluster.
make_root() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout "$work/root-key.pem" -out "$work/root-cert.pem" -subj '/O=Istio/CN=Root CA' \
    -addext 'keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyCertSign'
}
share_root() {
  local folder=$work/certs$1
  mkdir "$folder"
  openssl req -newkey rsa:2048 -nodes -keyout "$folder/ca-key.pem" -out "$folder/ca.csr" -subj "/O=Istio/CN=Intermediate CA/L=cluster$1"
  printf '%s\n' 'basicConstraints=critical,CA:true,pathlen:0' 'keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyCertSign' \
    'subjectAltName=DNS:istiod.istio-system.svc' > "$folder/extensions"
  openssl x509 -req -in "$folder/ca.csr" -CA "$work/root-cert.pem" -CAkey "$work/root-key.pem" -set_serial "$1" -days 730 \
    -extfile "$folder/extensions" -out "$folder/ca-cert.pem"
  cat "$folder/ca-cert.pem" "$work/root-cert.pem" > "$folder/cert-chain.pem"
  k "$1" create namespace istio-system
  k "$1" label namespace istio-system "topology.istio.io/network=$(network "$1")"
  k "$1" -n istio-system create secret generic cacerts --from-file="$folder/ca-cert.pem" --from-file="$folder/ca-key.pem" \
    --from-file="$folder/cert-chain.pem" --from-file="$work/root-cert.pem"
}
