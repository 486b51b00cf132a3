import type { V1Deployment } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { manifestsOf, type Manifest } from '#kube/client.ts'
import { withoutWebhook } from './load-balancer.ts'

const published = `
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

/** The manifest of a workload with the processor request that every container gets. */
const withProcessorRequest = (manifest: Manifest | undefined): unknown => {
  const workload = structuredClone(manifest) as V1Deployment
  for (const container of workload.spec?.template.spec?.containers ?? [])
    container.resources = { requests: { cpu: expect.stringMatching(/^\d+m$/) as string } }
  return workload
}

test('MetalLB is installed without its webhook and otherwise as published', () => {
  const [namespace, , , , , speaker, another] = manifestsOf(published)
  expect(withoutWebhook(manifestsOf(published))).toEqual([
    namespace,
    {
      kind: 'CustomResourceDefinition',
      metadata: { name: 'bgppeers.metallb.io' },
      spec: { group: 'metallb.io', names: { kind: 'BGPPeer' } },
    },
    withProcessorRequest({
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
    withProcessorRequest(speaker),
    withProcessorRequest(another),
  ])
})

test('removing the webhook a second time changes nothing', () => {
  const once = withoutWebhook(manifestsOf(published))
  expect(withoutWebhook(structuredClone(once))).toEqual(once)
})
