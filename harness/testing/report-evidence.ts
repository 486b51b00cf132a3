import type { CheckResult, Evidence, TopologyResult } from '#results/results.ts'

type Clusters = TopologyResult['clusters']

const fingerprint = (seed: number): string =>
  Array.from({ length: 32 }, (_, index) =>
    ((seed * 31 + index * 7) % 256).toString(16).padStart(2, '0').toUpperCase(),
  ).join(':')
const root = { subject: 'O=Istio, CN=Root CA', issuer: 'O=Istio, CN=Root CA', san: '', sha256: fingerprint(1) }
const intermediate = (cluster: string): object => ({
  subject: `O=Istio, CN=Intermediate CA, L=${cluster}`,
  issuer: root.subject,
  san: 'DNS:istiod.istio-system.svc',
  sha256: fingerprint(cluster.length),
})
const workload = (name: string): object => ({
  subject: '',
  issuer: 'O=Istio, CN=Intermediate CA, L=cluster1',
  san: `URI:spiffe://cluster.local/ns/app1/sa/${name}`,
  sha256: fingerprint(name.length),
})

const curl = (from: string, path: string, passes: boolean): Evidence => ({
  probe: 'curl',
  from: `${from} app1/sleep`,
  url: `http://helloworld.app1:5000${path}`,
  answers: passes ? '21 of 21  v1 10, v2 11' : '11 of 21  status 503 10, v1 11',
  settledAfterSeconds: 1.25,
  batches: 3,
  chanceToMissAVersion: 9.5367431640625e-7,
  ...(passes ? {} : { firstStrange: { status: 503, curl: 0, error: '', dialled: '10.251.40.7' } }),
})
const policy = (name: string, clusters: Clusters): Evidence => ({
  probe: 'policy',
  applied: name,
  in: clusters.map((cluster) => cluster.name),
  objects: [`DestinationRule helloworld-${name}`, `VirtualService helloworld-${name}`],
})
const accessLog = (from: string): Evidence => ({
  probe: 'access log',
  proxy: `${from} sleep`,
  lines: 16,
  newest: {
    path: '/hello?n=16',
    status: 200,
    upstream: '172.18.255.223:15443',
    upstreamIdentity: 'spiffe://cluster.local/ns/app1/sa/default',
    downstream: '10.10.0.6:60488',
    downstreamIdentity: null,
    sni: null,
    cluster: 'outbound|5000||helloworld.app1.svc.cluster.local',
    start: '2026-01-31T12:00:46.159Z',
  },
})

/** The evidence of a check, as its probes would write it. Together the checks have every kind of evidence. */
export const evidenceOf = (
  { id, layer, from }: Pick<CheckResult, 'id' | 'layer' | 'from'>,
  clusters: Clusters,
  passes: boolean,
): Evidence[] => {
  const answersTo = (path: string): Evidence[] => from.map((name) => curl(name, path, passes))
  const [first = '', ...others] = clusters.map(({ name }) => name)
  if (id === 'net.cidrs-disjoint')
    return clusters.map(({ name }, index) => ({
      probe: 'ranges',
      cluster: name,
      pods: [`10.${index + 1}0.0.0/24`],
      services: [`10.25${index}.0.0/16`],
    }))
  if (layer === 'network')
    return from.flatMap((name) => [
      {
        probe: 'connect',
        from: `${name} legacy/sleep`,
        to: '172.18.255.223:15443',
        connected: passes,
        curl: passes ? 55 : 28,
        error: passes ? 'Send failure: Broken pipe' : 'Connection timed out after 5002 milliseconds',
        seconds: passes ? 0.03 : 5.002,
      },
      {
        probe: 'connect',
        from: `${name} legacy/sleep`,
        to: '172.18.255.223:15444',
        connected: false,
        curl: 28,
        error: 'Connection timed out after 1001 milliseconds',
        seconds: 1.001,
      },
    ])
  if (layer === 'trust')
    return [
      ...clusters.map(({ name }) => ({ probe: 'cacerts', cluster: name, intermediate: intermediate(name), root })),
      ...from.flatMap((name) =>
        ['sleep', 'helloworld', 'istio-eastwestgateway'].map((app) => ({
          probe: 'certificates',
          proxy: `${name} ${app}`,
          chain: [workload(app), intermediate(name), root],
          roots: [root],
        })),
      ),
    ]
  if (id === 'control.ready')
    return [{ probe: 'istiod', cluster: first, pods: [{ name: 'istiod-d7df879cb-hmkhc', ready: true, restarts: 0 }] }]
  if (id === 'control.injection')
    return from.flatMap((name) => [
      {
        probe: 'injection',
        in: name,
        labels: {},
        sidecar: true,
        cluster: name,
        network: 'network1',
        discovery: 'istiod.istio-system.svc:15012',
      },
      { probe: 'injection', in: name, labels: { 'sidecar.istio.io/inject': 'false' }, sidecar: false },
    ])
  if (layer === 'control')
    return [
      {
        probe: 'watched clusters',
        by: first,
        watched: clusters.map(({ name }) => ({ id: name, syncStatus: 'synced' })),
      },
      {
        probe: 'istiod’s endpoints',
        of: first,
        endpoints: Object.fromEntries(clusters.map(({ name }, index) => [name, [`10.${index + 1}0.0.7`]])),
      },
      {
        probe: 'proxies',
        of: first,
        proxies: clusters.flatMap(({ name }) =>
          ['sleep', 'helloworld'].map((app) => ({
            proxy: `${app}-5966d5fc95-b6fr7.app1`,
            cluster: name,
            stale: [],
            refused: [],
          })),
        ),
      },
      ...others.map((name) => ({
        probe: 'remote secret',
        of: name,
        from: `${first} legacy/sleep`,
        server: 'https://172.18.0.3:6443',
        withToken: 200,
        withoutToken: 403,
        error: '',
      })),
    ]
  if (id === 'discovery.placeholder')
    return [{ probe: 'meshNetworks', addresses: { network1: '0.0.0.0', network2: '0.0.0.0' } }, ...answersTo('/hello')]
  if (layer === 'discovery')
    return from.map((name) => ({
      probe: 'endpoints',
      proxy: `${name} app1/sleep`,
      cluster: 'outbound|5000||helloworld.app1.svc.cluster.local',
      endpoints: ['10.10.0.7:5000', '172.18.255.223:15443'],
    }))
  if (id === 'reach.path' || id === 'mtls.identity')
    return [policy('new-connections', clusters), ...answersTo('/hello?path'), ...from.map(accessLog)]
  if (id === 'mtls.wire')
    return [
      ...answersTo('/hello'),
      ...clusters.map(({ name }) => ({
        probe: 'capture',
        node: name,
        looksFor: 'Hello version',
        flows: 64,
        bytes: 493_704,
        tls: 64,
        clear: 0,
        lost: 0,
      })),
    ]
  if (id === 'reach.outside-mesh' || id === 'mtls.gateway-refuses-certless')
    return [
      ...answersTo('/hello'),
      {
        probe: 'curl',
        from: 'beside the clusters',
        url: 'http://helloworld.app1.svc.cluster.local:5000/hello',
        through: '172.18.255.239:15443',
        answers: '0 of 1  curl 56 1',
        curl: 56,
        error: 'Recv failure: Connection reset by peer',
      },
    ]
  if (layer === 'route')
    return [
      ...answersTo('/hello'),
      policy(id.slice('route.'.length), clusters),
      ...answersTo('/hello'),
      ...answersTo('/hello?header'),
    ]
  if (layer === 'failover')
    return clusters.flatMap(({ name }, index) => [
      { probe: 'scale', cluster: name, deployment: `helloworld-v${index + 1}`, replicas: 0 },
      ...answersTo('/hello'),
      { probe: 'scale', cluster: name, deployment: `helloworld-v${index + 1}`, replicas: 1 },
    ])
  return answersTo('/hello')
}
