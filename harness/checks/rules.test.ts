import { expect, test } from 'vitest'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { rulesFor } from './rules.ts'

const rule = (kind: string, namespace: string, name: string, spec: object): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { namespace, name },
  spec,
})

const rules = [
  rule('VirtualService', 'app1', 'short', { hosts: ['helloworld'] }),
  rule('VirtualService', 'app1', 'full', { hosts: ['other', 'helloworld.app1.svc.cluster.local'] }),
  rule('VirtualService', 'team', 'of-another-namespace', { hosts: ['helloworld.app1'], gateways: ['in', 'mesh'] }),
  rule('VirtualService', 'team', 'of-its-own-helloworld', { hosts: ['helloworld'] }),
  rule('VirtualService', 'app1', 'of-a-gateway', { hosts: ['helloworld'], gateways: ['app1/in'] }),
  rule('VirtualService', 'app1', 'of-all-hosts', { hosts: ['*'] }),
  rule('VirtualService', 'app1', 'empty', {}),
  rule('DestinationRule', 'app1', 'subsets', { host: 'helloworld.app1.svc' }),
  rule('DestinationRule', 'app1', 'of-failover', { host: 'helloworld-failover' }),
]

test('the rules for a service are those that name it as clients of the mesh ask for it', async () => {
  const list = ({ kind }: { kind: string }): Promise<Manifest[]> =>
    Promise.resolve(rules.filter((object) => object.kind === kind))
  const kube = { list } as unknown as KubeClient
  expect(await rulesFor(kube, 'helloworld.app1.svc.cluster.local')).toEqual([
    'VirtualService app1/short',
    'VirtualService app1/full',
    'VirtualService team/of-another-namespace',
    'DestinationRule app1/subsets',
  ])
})
