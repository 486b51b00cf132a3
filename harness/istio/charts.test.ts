import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { topologyNames } from '#topology/topology-file.ts'
import { releaseNamesOf, releasesOf, type ChartRelease } from './charts.ts'
import { controlPlaneOf, gatewayOf, remoteOf } from './installation.ts'
import { procedures } from './procedures/index.ts'

const never = new AbortController().signal
const address = '172.18.0.9'

/** A lab in whose clusters every service and istiod’s pod has the same address. */
const answeringLab = async (topologyName: string): Promise<Lab> => {
  const lab = await idleLab(topologyName)
  const service = { status: { loadBalancer: { ingress: [{ ip: address }] } } }
  const pod = { status: { podIP: address, conditions: [{ type: 'Ready', status: 'True' }] } }
  const kube = Object.assign(fakeKube(), {
    get: () => Promise.resolve(service),
    list: ({ kind }: { kind: string }) => Promise.resolve(kind === 'Pod' ? [pod] : []),
  })
  for (const cluster of lab.clusters) Object.defineProperty(cluster, 'kube', { value: kube })
  return lab
}

/** The releases that a topology installs, by cluster and name: `cluster1: istiod`. */
const installed = async (topologyName: string): Promise<Map<string, ChartRelease>> => {
  const lab = await answeringLab(topologyName)
  const { procedure } = lab.topology
  const releases = await Promise.all(
    procedures[procedure].steps(lab.topology).map(async ({ name, installs }) => {
      const parts = installs ? releasesOf(await installs.of(lab, never)) : []
      return parts.map((release) => [`${name.split(':')[0] ?? ''}: ${release.name}`, release] as const)
    }),
  )
  return new Map(releases.flat())
}

/** The documented values of a topology, by cluster and release. */
const documented = async (topologyName: string): Promise<Map<string, unknown>> => {
  const page = await readFile('docs/topologies.md', 'utf8')
  const section = page.split(`\n## ${topologyName}\n`)[1]?.split('\n## ')[0] ?? ''
  const block = /```yaml\n(.*?)```/s.exec(section)?.[1] ?? ''
  return new Map(
    block
      .split('---\n')
      .map((text) => [/^# (.*)/.exec(text)?.[1] ?? '', parse(text.replace('ADDRESS', address)) as unknown]),
  )
}

describe.each(await topologyNames())('the values of %s', (topologyName) => {
  test('are those of docs/topologies.md, and the page leaves out no release that needs any', async () => {
    const releases = await installed(topologyName)
    const values = await documented(topologyName)
    for (const [name, expected] of values) expect(releases.get(name)?.values, name).toMatchObject(expected as object)
    const bases = [...releases].filter(([, { chart, values: own }]) => chart === 'base' && !('profile' in own))
    expect(new Set([...values.keys(), ...bases.map(([name]) => name)])).toEqual(new Set(releases.keys()))
  })
})

test('a revision has a release of its own, and the gateway is told of the revision', async () => {
  const lab = await idleLab({ ...(await variant('gateway')), revision: 'canary' })
  const { primary } = lab
  const releases = releasesOf(controlPlaneOf(primary, lab, {}))
  expect(releases.map(({ name, values }) => [name, values['revision']])).toEqual([
    ['istio-base', undefined],
    ['istiod-canary', 'canary'],
  ])
  expect(releasesOf(gatewayOf(primary, lab, true))).toMatchObject([{ values: { revision: 'canary' } }])
})

test('every release is of the root namespace, and a plan names the releases that are installed', async () => {
  const lab = await idleLab({ ...(await variant('gateway')), istioNamespace: 'mesh-root' })
  const place: LabCluster = lab.primary
  for (const installation of [controlPlaneOf(place, lab, {}), remoteOf(place, lab, address)]) {
    const releases = releasesOf(installation)
    expect(releases.map(({ name }) => name)).toEqual(releaseNamesOf(installation.part))
    for (const { values } of releases) expect(values).toMatchObject({ global: { istioNamespace: 'mesh-root' } })
  }
  expect(releasesOf(gatewayOf(place, lab, true)).map(({ name }) => name)).toEqual(releaseNamesOf('gateway'))
})

test('what the images need is a value of the chart, with the names that the chart has', async () => {
  const lab = await idleLab()
  lab.images.compatibilityVersion = '1.30'
  const [, istiod] = releasesOf(controlPlaneOf(lab.primary, lab, {}))
  expect(istiod?.values).toMatchObject({
    compatibilityVersion: '1.30',
    telemetry: { enabled: false },
    env: { PILOT_ENABLE_ALPN_FILTER: 'false' },
    autoscaleEnabled: false,
    meshConfig: { accessLogFile: '/dev/stdout' },
  })
  expect(istiod?.values).not.toHaveProperty('pilot')
})
