import type { V1Deployment } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { manifestsOf, type Manifest } from '#kube/client.ts'
import { withoutWebhook } from './load-balancer.ts'

const shipped = `
kind: Namespace
metadata: { name: metallb-system }
---
kind: CustomResourceDefinition
metadata: { name: bgppeers.metallb.io }
spec:
  group: metallb.io
  conversion: { strategy: Webhook, webhook: { clientConfig: { service: { name: metallb-webhook-service } } } }
  names: { kind: BGPPeer }
---
kind: Secret
metadata: { name: metallb-webhook-cert, namespace: metallb-system }
---
kind: Service
metadata: { name: metallb-webhook-service, namespace: metallb-system }
---
kind: Deployment
metadata: { name: controller, namespace: metallb-system }
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: controller
          args: [--port=7472, --webhook-mode=enabled, --log-level=info]
          volumeMounts: [{ name: cert, mountPath: /tmp/certs }]
      serviceAccountName: controller
      volumes: [{ name: cert, secret: { secretName: metallb-webhook-cert } }]
---
kind: DaemonSet
metadata: { name: speaker, namespace: metallb-system }
spec:
  template:
    spec:
      containers:
        - name: speaker
          args: [--port=7472]
          volumeMounts: [{ name: memberlist, mountPath: /etc/ml_secret_key }]
      volumes: [{ name: memberlist, secret: { secretName: memberlist } }]
---
kind: Deployment
metadata: { name: another, namespace: metallb-system }
spec: { template: { spec: { containers: [{ name: another, args: [--port=7473] }], volumes: [{ name: cert }] } } }
---
kind: ValidatingWebhookConfiguration
metadata: { name: metallb-webhook-configuration }
`

/** A share of the processor is the one thing that pods are given. */
const withShare = (manifest: Manifest | undefined): unknown => {
  const workload = structuredClone(manifest) as V1Deployment
  for (const container of workload.spec?.template.spec?.containers ?? [])
    container.resources = { requests: { cpu: expect.stringMatching(/^\d+m$/) as string } }
  return workload
}

test('MetalLB is installed without its webhook and otherwise as shipped', () => {
  const [namespace, , , , , speaker, another] = manifestsOf(shipped)
  expect(withoutWebhook(manifestsOf(shipped))).toEqual([
    namespace,
    {
      kind: 'CustomResourceDefinition',
      metadata: { name: 'bgppeers.metallb.io' },
      spec: { group: 'metallb.io', names: { kind: 'BGPPeer' } },
    },
    withShare({
      kind: 'Deployment',
      metadata: { name: 'controller', namespace: 'metallb-system' },
      spec: {
        replicas: 1,
        template: {
          spec: {
            containers: [{ name: 'controller', args: ['--port=7472', '--log-level=info', '--webhook-mode=disabled'] }],
            serviceAccountName: 'controller',
          },
        },
      },
    }),
    withShare(speaker),
    withShare(another),
  ])
})

test('leaving the webhook out twice is leaving it out once', () => {
  const once = withoutWebhook(manifestsOf(shipped))
  expect(withoutWebhook(structuredClone(once))).toEqual(once)
})
