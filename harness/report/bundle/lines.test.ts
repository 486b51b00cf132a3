import { expect, test } from 'vitest'
import { eventLines, podLines } from './lines.ts'

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 12, 0, second))

test('events stand in the order of their last occurrence, whichever field tells it', () => {
  const of = (name: string) => ({
    metadata: {},
    involvedObject: { kind: 'Pod', namespace: 'app1', name },
    type: 'Warning',
    reason: 'Unhealthy',
    message: 'Readiness probe\n  failed',
  })
  expect(
    eventLines([
      { ...of('c'), lastTimestamp: at(3), firstTimestamp: at(0), count: 7 },
      { ...of('a'), eventTime: at(1) },
      { ...of('b'), series: { lastObservedTime: at(2), count: 3 }, eventTime: at(0) },
      { metadata: { creationTimestamp: at(4) }, involvedObject: { kind: 'Node', name: 'd' } },
    ]),
  ).toBe(
    [
      '2026-01-01T12:00:01.000Z  Warning  Unhealthy  Pod app1/a  Readiness probe failed',
      '2026-01-01T12:00:02.000Z  Warning  Unhealthy  Pod app1/b  Readiness probe failed  (3 times)',
      '2026-01-01T12:00:03.000Z  Warning  Unhealthy  Pod app1/c  Readiness probe failed  (7 times)',
      '2026-01-01T12:00:04.000Z  Node d',
      '',
    ].join('\n'),
  )
})

test('of a pod it is told what is ready, a sidecar among it, and what waits for what', () => {
  const container = (name: string, ready: boolean, of: object = {}) => ({
    name,
    ready,
    restartCount: 0,
    image: '',
    imageID: '',
    ...of,
  })
  expect(
    podLines([
      {
        metadata: { namespace: 'app1', name: 'sleep' },
        spec: {
          containers: [],
          initContainers: [{ name: 'istio-init' }, { name: 'istio-proxy', restartPolicy: 'Always' }],
        },
        status: {
          phase: 'Running',
          podIP: '10.10.0.7',
          initContainerStatuses: [container('istio-init', true), container('istio-proxy', false, { restartCount: 2 })],
          containerStatuses: [container('sleep', true)],
        },
      },
      {
        metadata: { namespace: 'app1', name: 'helloworld', deletionTimestamp: at(0) },
        status: {
          phase: 'Pending',
          containerStatuses: [container('helloworld', false, { state: { waiting: { reason: 'ImagePullBackOff' } } })],
        },
      },
    ]),
  ).toBe(
    'app1/helloworld  0/1 ready  Terminating  helloworld: ImagePullBackOff\napp1/sleep  1/2 ready  Running  2 ' +
      'restarts  10.10.0.7\n',
  )
})
