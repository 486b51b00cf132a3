import { allSeen, because, check, expect, onTwoNetworks, type Mesh, type Site } from '../harness/test.ts'

check({
  id: 'reach.local',
  layer: 'reach',
  title: 'a client reaches the version in its own cluster',
  source: 'seed 000: what is in the same cluster is reached there',
  from: 'each',
  to: 'own',
}, async ({ mesh, from }) => {
  const answers = await from.sleep.get(mesh.helloworld.url, { until: ({ versions }) => versions.includes(from.version), seconds: 1, tolerant: true })
  expect(answers.versions, because('MP-751')).toContain(from.version)
  const nowhere = await from.sleep.getNow(`${mesh.helloworld.origin}/nowhere`, { count: 4, seconds: 1 })
  expect(nowhere.ok, 'a path that nobody serves must not answer 200').toBe(0)
  return `${from.version} among ${answers.summary}`
})

check({
  id: 'reach.both-versions',
  layer: 'reach',
  title: 'a client reaches the local and the remote version',
  source: 'seed 003: curl of helloworld shows both versions',
  from: 'each',
}, async ({ mesh, from }) => {
  const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
  expect(answers.statuses, because('MP-752')).toEqual([200])
  expect(answers.versions, because('MP-752')).toEqual(mesh.versions)
  return answers.summary
})

check({
  id: 'reach.path',
  layer: 'reach',
  title: 'a request to the other cluster takes the hop that the topology says, on a new connection',
  source: 'seed 000: a remote workload is reached through its cluster’s gateway; seed 003: the log of istio-proxy shows the endpoint',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => {
  // A sidecar keeps its connections through the gateway, and a kept connection hides a broken hop.
  return mesh.withPolicy('new-connections', async () => (await Promise.all(mesh.clusters.flatMap((from) => mesh.othersThan(from).map((peer) => pathBetween(mesh, from, peer))))).join('; '))
})

check({
  id: 'reach.outside-mesh',
  layer: 'reach',
  title: 'a client without a sidecar reaches its own cluster only',
  source: 'Istio’s multicluster tests: clients without a sidecar reach their own cluster only',
  from: 'each',
  to: 'own',
  applies: onTwoNetworks,
}, async ({ mesh, from }) => {
  const answers = await from.outside.get(mesh.helloworld.url, { until: allSeen([from.version]) })
  expect(answers.versions.filter((version) => version !== from.version), because('MP-754')).toEqual([])
  expect(answers.ok, because('MP-774')).toBe(answers.all.length)
  return answers.summary
})

/** Sends marked requests and follows them: the client's proxy, the other cluster's gateway, the server's proxy. */
const pathBetween = async (mesh: Mesh, from: Site, peer: Site): Promise<string> => {
  await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
  const [own, backend] = [`${await from.helloworldAddress()}:5000`, `${await peer.helloworldAddress()}:5000`]
  const throughGateway = from.network !== peer.network
  const hop = throughGateway ? `${await peer.gatewayAddress() ?? 'no address'}:15443` : backend

  const since = new Date()
  const mark = `/hello?path=${from.name}-${peer.name}-${since.getTime()}`
  const answers = await from.sleep.getNow(`${mesh.helloworld.origin}${mark}`, { count: 16 })
  const remote = answers.all.filter(({ version }) => version === peer.version).length
  expect(remote, because('MP-752')).toBeGreaterThan(0)

  let [asked, passed, served] = [[] as string[], 0, 0]
  await mesh.eventually(async () => {
    asked = (await from.accessLog('sleep', since, ({ path }) => path?.startsWith(mark) ?? false)).map(({ upstream }) => upstream ?? '')
    passed = (await peer.accessLog('gateway', since, ({ sni, upstream }) => upstream === backend && (sni?.includes('helloworld.app1') ?? false))).length
    served = (await peer.accessLog('helloworld', since, ({ path }) => path?.startsWith(mark) ?? false)).length
    return asked.length >= answers.all.length && served >= remote && (!throughGateway || passed >= remote)
  }, 8_000)
  expect(new Set(asked), because('MP-753')).toEqual(new Set([hop, own]))
  expect(asked.filter((upstream) => upstream === hop).length, because('MP-753')).toBe(remote)
  expect(served, because('MP-753')).toBe(remote)
  if (throughGateway) expect(passed, because('MP-753')).toBeGreaterThanOrEqual(remote)
  return `${from.name} → ${hop} → ${peer.name} ${remote} of ${answers.all.length}`
}
