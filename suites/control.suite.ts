import { because, check, expect } from '../harness/test.ts'

check({
  id: 'control.ready',
  layer: 'control',
  title: 'istiod is ready and has not restarted, and runs nowhere else',
  source: 'seed 000: one control plane, in one cluster, serves all of them',
  from: 'mesh',
}, async ({ mesh }) => {
  const pods = await mesh.controlPlane.pods(mesh.primary)
  expect(pods.filter(({ ready, restarts }) => ready && restarts === 0).length, because('MP-731')).toBe(Math.max(1, pods.length))
  for (const remote of mesh.remotes) expect(await mesh.controlPlane.pods(remote), because('MP-737')).toEqual([])
  return `${pods.length} ready in ${mesh.primary.name}, none in ${mesh.remotes.map(({ name }) => name).join(', ')}`
})

check({
  id: 'control.remotes-synced',
  layer: 'control',
  title: 'the control plane watches every cluster and knows its endpoints as they are now',
  source: 'seed 000: the control plane knows the services of local and remote clusters; istio/istio#38440: its “synced” is never taken back',
  from: 'mesh',
}, async ({ mesh }) => {
  const watched = await mesh.controlPlane.watched()
  for (const { name } of mesh.clusters) expect(watched, because('MP-732')).toContainEqual(expect.objectContaining({ id: name, syncStatus: 'synced' }))

  for (const remote of mesh.remotes) {
    const access = await mesh.controlPlane.remoteAccess(remote)
    expect(access, because('MP-732')).toBeDefined()
    expect(access?.withToken, because('MP-733')).toBe(200)
    expect([401, 403], 'without its token the server must refuse').toContain(access?.withoutToken)
  }

  const wanted = Object.fromEntries(await Promise.all(mesh.clusters.map(async (site) => [site.name, await site.apiEndpoints()] as const)))
  const same = await mesh.eventually(async () => JSON.stringify(sorted(await mesh.controlPlane.endpoints())) === JSON.stringify(sorted(wanted)), 5_000)
  expect(same, because('MP-734')).toBe(true)
  return `${watched.length} watched, endpoints equal the API’s`
})

check({
  id: 'control.proxies-synced',
  layer: 'control',
  title: 'every proxy of every cluster is in sync and has refused nothing',
  source: 'seed 000: the one control plane configures the sidecars of all clusters; istio/istio#51612',
  from: 'mesh',
}, async ({ mesh }) => {
  const pods = (await Promise.all(mesh.clusters.map((site) => site.pods()))).flat()
  const withProxy = pods.filter(({ metadata, spec }) => !metadata?.deletionTimestamp && [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(({ name }) => name === 'istio-proxy'))
  const wanted = withProxy.map(({ metadata }) => `${metadata?.name ?? ''}.${metadata?.namespace ?? ''}`).sort()
  expect(pods.length, 'pods without a proxy must exist, or the comparison shows nothing').toBeGreaterThan(wanted.length)

  let states = await mesh.controlPlane.proxies()
  await mesh.eventually(async () => {
    states = await mesh.controlPlane.proxies()
    return states.length === wanted.length && states.every(({ stale }) => stale.length === 0)
  }, 8_000)
  expect(states.map(({ proxy }) => proxy).sort(), because('MP-735')).toEqual(wanted)
  expect(states.filter(({ stale, refused }) => stale.length > 0 || refused.length > 0), because('MP-735')).toEqual([])
  return `${states.length} of ${wanted.length} in sync, 0 refusals`
})

check({
  id: 'control.injection',
  layer: 'control',
  title: 'a new pod gets a sidecar with the right cluster, network and control plane',
  source: 'seed 000: every cluster injects sidecars; istio/istio#42327',
  from: 'each',
  to: 'own',
}, async ({ mesh, from }) => {
  const injected = await from.injection()
  expect(injected, because('MP-736')).toEqual({ sidecar: true, cluster: from.name, network: from.network, discovery: 'istiod.istio-system.svc:15012' })
  expect((await from.injection({ 'sidecar.istio.io/inject': 'false' })).sidecar, 'a pod that opts out must get none').toBe(false)

  if (from.role === 'remote') {
    expect(await from.discoveryAddresses(), because('MP-736')).toEqual([await mesh.primary.gatewayAddress()])
  }
  return `sidecar for ${from.name}, ${from.network}`
})

const sorted = (endpoints: Record<string, string[]>): [string, string[]][] => Object.entries(endpoints).sort(([a], [b]) => a.localeCompare(b))
