import { expect, test } from 'vitest'
import { placeIn } from './injection-path.ts'

test.each([
  ['/inject', undefined, undefined],
  ['/inject/cluster/cluster1', 'cluster1', undefined],
  ['/inject/cluster/arn:aws:eks:1:cluster--slash--east/net/network1', 'arn:aws:eks:1:cluster--slash--east', 'network1'],
  ['/inject/net/network1/cluster/cluster1', 'cluster1', 'network1'],
  ['/inject/:ENV:cluster=cluster1:ENV:net=network1', 'cluster1', 'network1'],
  ['/inject/:ENV:net=network1', undefined, 'network1'],
])('the path %s names cluster %s and network %s', (path, cluster, network) => {
  expect(placeIn(path)).toEqual({ cluster, network })
})
