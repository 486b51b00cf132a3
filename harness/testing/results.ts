import type { CheckResult, Results, TopologyResult } from '#results/results.ts'
import { topologyVerdict } from '#results/results.ts'

/** The result of a check that passed, with other `fields` where a test needs them. */
export const checkResult = (fields: Partial<CheckResult> = {}): CheckResult => ({
  id: 'reach.local',
  layer: 'reach',
  title: 'a client reaches its own cluster’s version',
  from: ['cluster1'],
  to: ['cluster2'],
  verdict: 'pass',
  reason: '21 of 21 answered',
  source: 'seed 000',
  attempts: [],
  ...fields,
})

/** The result of topology `gateway` with these checks, with other `fields` where a test needs them. */
export const topologyResult = (checks: CheckResult[], fields: Partial<TopologyResult> = {}): TopologyResult => ({
  name: 'gateway',
  mtls: 'strict',
  clusters: [
    { name: 'cluster1', role: 'primary', network: 'network1' },
    { name: 'cluster2', role: 'remote', network: 'network2' },
  ],
  verdict: topologyVerdict(checks),
  reason: '',
  phases: [],
  checks,
  ...fields,
})

/** The results of a run with these topologies. */
export const resultsOf = (...topologies: TopologyResult[]): Results => ({
  schema: 'meshproof.results/v1',
  run: {
    id: '20260101-000000-abcd',
    command: 'meshproof',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:05:00.000Z',
    exitCode: 0,
    interrupted: false,
  },
  environment: {
    os: 'linux',
    cpus: 2,
    memoryBytes: 1,
    engine: '',
    kind: '',
    kubernetes: '',
    istio: '',
    envoy: '',
    images: [],
  },
  topologies,
})
