import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { interceptionOf, notTakenInbound, notTakenOutbound } from './intercepted.ts'

const withArguments = (...args: string[]): V1Pod => ({
  spec: { containers: [], initContainers: [{ name: 'istio-init', args: ['istio-iptables', ...args] }] },
})
const annotated = (annotations: Record<string, string>): V1Pod => ({
  metadata: {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`traffic.sidecar.istio.io/${name}`, value]),
    ),
  },
})

test.each<[V1Pod, string | undefined]>([
  [withArguments('-i', '*', '-x', '', '-b', '*', '-d', '15090'), undefined],
  [withArguments('-i', '*', '-o', '80,5000'), 'port 5000 is among excludeOutboundPorts'],
  [withArguments('-i', '*', '-x', '10.96.0.0/12'), '10.96.0.7 is in 10.96.0.0/12 of excludeOutboundIPRanges'],
  [withArguments('-i', '10.96.0.0/12'), undefined],
  [withArguments('-i', '10.10.0.0/16'), '10.96.0.7 is in none of includeOutboundIPRanges (10.10.0.0/16)'],
  [withArguments('-i', '', '-q', '5000'), undefined],
  [annotated({}), undefined],
  [annotated({ excludeOutboundPorts: '5000' }), 'port 5000 is among excludeOutboundPorts'],
  [annotated({ includeOutboundIPRanges: '' }), '10.96.0.7 is in none of includeOutboundIPRanges (empty)'],
])('a request to 10.96.0.7:5000 of %j', (pod, expected) => {
  expect(notTakenOutbound(interceptionOf(pod), '10.96.0.7', 5000)).toBe(expected)
})

test.each<[V1Pod, string | undefined]>([
  [withArguments('-b', '*', '-d', '15090,15021'), undefined],
  [withArguments('-b', '*', '-d', '15090,5000'), 'port 5000 is among excludeInboundPorts'],
  [annotated({ includeInboundPorts: '8080' }), 'port 5000 is not among includeInboundPorts (8080)'],
])('what comes in at port 5000 of %j', (pod, expected) => {
  expect(notTakenInbound(interceptionOf(pod), 5000)).toBe(expected)
})
