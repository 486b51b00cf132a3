#!/usr/bin/env bash
# The lab by hand: what a careful person types from the documentation of kind, MetalLB and Istio to get one topology, without the harness
# and without its short cuts. `npm run bench` sets the product beside it. The last line printed is `lab ready <seconds>`: from the first
# command to the moment when curl has seen both versions from both clusters. All of it is deleted on the way out, whichever way that is.
# Where there is more to do with it, THEN is a shell line that is run before that, with KUBECONFIG naming both clusters.
#
# Where there are two clusters there are two shells: what the documentation does in each of them is done in both at once.
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
IMAGES=${IMAGES:-source}    # source: the node brings no pod network of its own, and Envoy none of Istio’s filters
COREDNS_TAG=${COREDNS_TAG:-}  # of the node image, where it is not the one that kubeadm asks for
RESTRICTED=${RESTRICTED:-}  # 1: this host cannot grant every capability
NAME=${NAME:-byhand}
THEN=${THEN:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fixtures=$here/../fixtures/workloads
# The seconds below are read with a point, whatever the user's language.
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

# A look every second until it is so.
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
  # A second signal must not interrupt it, nor an output that nobody reads any more.
  trap '' INT TERM HUP PIPE
  if [[ $steps ]]; then
    # shellcheck disable=SC2046
    kill $(family "$steps") 2> /dev/null
    wait
    # The engine may still be making what was asked for just before.
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

if network_exists || [[ $(ours) ]]; then echo "“$NAME” exists already and may be somebody's: give another NAME." >&2; exit 2; fi
umask 077
work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
began=${EPOCHREALTIME/./}
# In the background, since bash hears of a signal while it waits, and not while a program runs.
by_hand & steps=$!
status=0
wait "$steps" || status=$?
steps=''
exit "$status"
