import { expect, test } from 'vitest'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { missingAgents } from './node-agents.ts'

const linesFor = (ready: number, desired: number): Promise<string[]> =>
  missingAgents({
    name: 'cluster2',
    reads: {
      daemonSets: () =>
        Promise.resolve([
          {
            metadata: { namespace: 'kube-system', name: 'kube-proxy' },
            status: { numberReady: ready, desiredNumberScheduled: desired },
          },
        ]),
    },
  } as unknown as SurveyedCluster)

test.each([
  [3, 3, undefined],
  [2, 3, 'runs on 2 of 3 nodes'],
  [0, 0, 'is asked for on no node'],
])('an agent that runs on %i of %i nodes', async (ready, desired, said) => {
  expect(await linesFor(ready, desired)).toEqual(
    said === undefined ? [] : [expect.stringContaining(`DaemonSet kube-system/kube-proxy of cluster2 ${said}`)],
  )
})

test('agents that may not be read explain nothing', async () => {
  const cluster = { name: 'cluster2', reads: { daemonSets: () => Promise.reject(new Error('forbidden')) } }
  expect(await missingAgents(cluster as unknown as SurveyedCluster)).toEqual([])
})
