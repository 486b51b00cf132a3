#!/usr/bin/env bash
# Brings a lab up by hand: the commands that a careful person types, from the documentation of kind, MetalLB and Istio. It uses nothing of
# the harness. `npm run bench` compares the product with this script. The last line printed is `lab ready <seconds>`: the time from the
# first command until curl has had answers of both versions in both clusters. The script deletes everything on exit, also after a failure
# or a signal. THEN is a shell command that runs while the lab exists, with KUBECONFIG naming both clusters.
#
# What the documentation does in each cluster is done in both clusters at once.
set -euo pipefail
shopt -s inherit_errexit

usage='usage: by-hand.sh vpn|shared-control-plane|gateway|primary-remote|multi-primary|multi-primary-multi-network'
topology=${1:?$usage}
case $topology in
  vpn | shared-control-plane | multi-primary) one_network=yes ;;
  gateway | primary-remote | multi-primary-multi-network) one_network= ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
: "${KIND:?}" "${ISTIOCTL:?}" "${KUBECTL:?}" "${NODE_IMAGE:?}" "${ISTIO_HUB:?}" "${ISTIO_TAG:?}" "${METALLB_MANIFEST:?}"
: "${HELLOWORLD_V1:?}" "${HELLOWORLD_V2:?}" "${CURL_IMAGE:?}" "${EPOCHREALTIME:?bash 5 is needed}"
IMAGES=${IMAGES:-source}    # source: the node image has no pod network, and Envoy has none of Istio’s filters
COREDNS_TAG=${COREDNS_TAG:-}  # CoreDNS of the node image, where kubeadm would ask for another tag
RESTRICTED=${RESTRICTED:-}  # 1: this host cannot grant every capability
NAME=${NAME:-byhand}
THEN=${THEN:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fixtures=$here/../fixtures/workloads
# The seconds below need a decimal point in every language.
export LC_ALL=C KIND_EXPERIMENTAL_DOCKER_NETWORK=$NAME

# The ranges of fixtures/topologies.
pods() { echo "10.${1}0.0.0/16"; }
services() { echo "10.25$1.0.0/16"; }
network() { if [[ $one_network ]]; then echo network1; else echo "network$1"; fi; }
peer() { echo $((3 - $1)); }
node() { echo "$NAME-cluster$1-control-plane"; }

k() { "$KUBECTL" --kubeconfig "$work/cluster$1.kubeconfig" "${@:2}"; }
istio() { "$ISTIOCTL" --kubeconfig "$work/cluster$1.kubeconfig" "${@:2}"; }
node_address() { k "$1" get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}'; }

in_both() {
  local first second failed=0
  "$@" 1 & first=$!
  "$@" 2 & second=$!
  wait "$first" || failed=1
  wait "$second" || failed=1
  return "$failed"
}

# within SECONDS COMMAND…: runs the command every second until it succeeds.
within() {
  local left
  for ((left = $1; left > 0; left--)); do
    if "${@:2}"; then return; fi
    sleep 1
  done
  echo "not within $1 s: ${*:2}" >&2
  return 1
}

elapsed() { local tenths=$(((${EPOCHREALTIME/./} - began) / 100000)); echo "$((tenths / 10)).$((tenths % 10))"; }
reached() { printf '%6s s  %s\n' "$(elapsed)" "$1"; }

source "$here/by-hand/clusters.sh"
source "$here/by-hand/mesh.sh"
source "$here/by-hand/workloads.sh"

by_hand() {
  docker network create "$NAME"
  in_both create_cluster; reached 'clusters'
  if [[ $one_network ]]; then in_both route_to_peer; fi
  in_both load_balancer; reached 'load balancers'
  make_root
  in_both share_root; reached 'certificates'
  case $topology in multi-primary*) two_control_planes ;; *) one_control_plane ;; esac
  reached 'mesh'
  in_both workloads; reached 'workloads'
  within 120 both_versions_from 1
  within 120 both_versions_from 2
  echo "lab ready $(elapsed)"
  if [[ $THEN ]]; then KUBECONFIG=$work/cluster1.kubeconfig:$work/cluster2.kubeconfig bash -c "$THEN"; fi
}

ours() { docker ps --all --quiet --filter "name=^$NAME-cluster[12]-control-plane\$"; }
network_exists() { docker network inspect "$NAME" > /dev/null 2>&1; }

steps=''
family() { local child; echo "$1"; for child in $(pgrep -P "$1"); do family "$child"; done; }
clean_up() {
  set +e
  # Neither a second signal nor a closed output may interrupt the clean-up.
  trap '' INT TERM HUP PIPE
  if [[ $steps ]]; then
    # shellcheck disable=SC2046
    kill $(family "$steps") 2> /dev/null
    wait
    # The engine may still be creating what the last command asked for.
    sleep 1
  fi
  local left ids
  for ((left = 5; left > 0; left--)); do
    ids=$(ours)
    # shellcheck disable=SC2086
    if [[ $ids ]]; then docker rm --force --volumes $ids > /dev/null; fi
    if network_exists; then docker network rm "$NAME" > /dev/null; fi
    if [[ ! $ids ]] && ! network_exists; then break; fi
    sleep 0.5
  done
  rm -rf "$work"
}

if network_exists || [[ $(ours) ]]; then echo "“$NAME” exists already and may belong to somebody else: choose another NAME." >&2; exit 2; fi
umask 077
work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
began=${EPOCHREALTIME/./}
# In the background: bash handles a signal while it waits, and not while a program runs in the foreground.
by_hand & steps=$!
status=0
wait "$steps" || status=$?
steps=''
exit "$status"
