import { expect, test } from 'vitest'
import { complaintAbout } from './istiod-log.ts'

const time = '2026-11-29T01:02:03.456789Z'
const watchError = (cluster: string, why: string): string =>
  `${time}\terror\twatch error in cluster ${cluster}: failed to list *v1.Pod: ${why}`
const get = 'Get "https://172.18.0.3:6443/api/v1/pods?limit=500": '

test.each([
  [
    watchError('cluster2', `${get}tls: failed to verify certificate: x509: certificate signed by unknown authority`),
    'certificate',
  ],
  [watchError('cluster2', `${get}x509: certificate is valid for kubernetes, not a.example`), 'certificate'],
  [watchError('cluster2', 'Unauthorized'), 'unauthorized'],
  [watchError('cluster2', 'pods is forbidden: User "reader" cannot list resource "pods" in API group ""'), 'forbidden'],
  [watchError('cluster2', `${get}dial tcp 172.18.0.3:6443: i/o timeout`), 'unreachable'],
  [watchError('cluster2', `${get}dial tcp: lookup a.example on 10.0.0.1:53: no such host`), 'unreachable'],
  [
    `${time}\terror\tAdd cluster: create remote cluster failed: kubeconfig is not allowed: exec is not allowed` +
      '\tcluster=cluster2 config=istio-system/remote',
    'refused',
  ],
  [
    `${time}\terror\tAdd cluster: create remote cluster failed: kubeconfig is not valid: no server\tcluster=cluster2`,
    'malformed',
  ],
  [`${time}\twarn\tcluster has already been registered\tcluster=cluster2 config=istio-system/old`, 'taken'],
  [`${time}\tinfo\tignoring cluster as it would overwrite the config cluster\tcluster=cluster2`, 'taken'],
  [JSON.stringify({ level: 'error', time, msg: 'watch error in cluster cluster2: Unauthorized' }), 'unauthorized'],
])('a line of the log tells the reason: %s', (line, kind) => {
  expect(complaintAbout(`first\n${line}\nlast\n`, 'cluster2', 'remote')).toMatchObject({
    kind,
    at: '2026-11-29T01:02:03',
  })
})

test('the last of its lines counts, and none of another cluster', () => {
  const log = [
    watchError('cluster2', 'Unauthorized'),
    watchError('cluster2', `${get}connection refused`),
    watchError('cluster22', 'pods is forbidden'),
    watchError('my-cluster2x', 'pods is forbidden'),
    `${time}\tinfo\tNumber of remote clusters: 1`,
  ].join('\n')
  expect(complaintAbout(log, 'cluster2', 'remote')).toMatchObject({ kind: 'unreachable' })
  expect(complaintAbout(log, 'cluster3', 'remote')).toBeUndefined()
  expect(complaintAbout(log, 'cluster(2', 'remote')).toBeUndefined()
})

test('what was said before the secret was created is about another one of that name', () => {
  const log = watchError('cluster2', 'Unauthorized')
  expect(complaintAbout(log, 'cluster2', 'remote', '2026-11-29T01:02:04')).toBeUndefined()
  expect(complaintAbout(log, 'cluster2', 'remote', '2026-11-29T01:02:03')).toMatchObject({ kind: 'unauthorized' })
})

test('what was said before the secret was read again is about an older one', () => {
  const log = [
    watchError('cluster2', 'Unauthorized'),
    `${time}\tinfo\tprocessing remote config event for istio-system/remote`,
    `${time}\tinfo\tUpdate cluster\tcluster=cluster2 config=istio-system/remote`,
    `${time}\tinfo\twaiting for sync...\tname=cluster[cluster2] synced attempt=50`,
  ].join('\n')
  expect(complaintAbout(log, 'cluster2', 'remote')).toBeUndefined()
  const again = `${log}\n${watchError('cluster2', `${get}dial tcp 172.18.0.3:6443: i/o timeout`)}`
  expect(complaintAbout(again, 'cluster2', 'remote')).toMatchObject({ kind: 'unreachable' })
})
