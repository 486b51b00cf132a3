# shellcheck shell=bash
# Istio's samples by hand: helloworld's service in both clusters, one of its versions in each, and sleep as the client.

workloads() {
  local image=HELLOWORLD_V$1
  k "$1" create namespace app1
  k "$1" label namespace app1 istio-injection=enabled
  k "$1" apply -n app1 -f - <<YAML
apiVersion: v1
kind: Service
metadata: {name: helloworld, labels: {app: helloworld, service: helloworld}}
spec:
  ports: [{name: http, port: 5000}]
  selector: {app: helloworld}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: helloworld-v$1, labels: {app: helloworld, version: v$1}}
spec:
  replicas: 1
  selector: {matchLabels: {app: helloworld, version: v$1}}
  template:
    metadata: {labels: {app: helloworld, version: v$1}}
    spec:
      containers:
      - name: helloworld
        image: ${!image}
        imagePullPolicy: IfNotPresent
        env: [{name: SERVICE_VERSION, value: v$1}]
        ports: [{containerPort: 5000}]
        resources: {requests: {cpu: 100m}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sleep}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleep}
spec:
  replicas: 1
  selector: {matchLabels: {app: sleep}}
  template:
    metadata: {labels: {app: sleep}}
    spec:
      serviceAccountName: sleep
      terminationGracePeriodSeconds: 0
      containers:
      - {name: sleep, image: '$CURL_IMAGE', imagePullPolicy: IfNotPresent, command: [sleep, infinity]}
YAML
  k "$1" -n app1 rollout status "deployment/helloworld-v$1" --timeout=180s
  k "$1" -n app1 rollout status deployment/sleep --timeout=180s
}

both_versions_from() {
  local answers
  answers=$(k "$1" -n app1 exec deploy/sleep -c sleep -- sh -c \
    'for n in 1 2 3 4 5 6 7 8 9 10; do curl -sS -m 5 http://helloworld.app1:5000/hello; echo; done') || true
  [[ $answers == *'version: v1'* && $answers == *'version: v2'* ]]
}
