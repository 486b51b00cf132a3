import { allRefused, allSeen, answersOf, because, check, expect, type Mesh, type Site } from '../harness/test.ts'

check({
  id: 'mtls.strict',
  layer: 'mtls',
  title: 'where mutual TLS is required, clients of every cluster still reach both versions',
  source: 'seed 000: the shared root makes mutual TLS work across clusters; Istio’s mutual TLS matrix: STRICT crosses networks',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => mesh.withPolicy('mtls-strict', async () => {
  // STRICT is in force once plaintext is refused; before that, answers would prove nothing.
  await plaintextRefused(mesh)
  const perClient = await Promise.all(mesh.clusters.map(async (from) => {
    const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
    expect(answers.statuses, because('MP-771')).toEqual([200])
    expect(answers.versions, because('MP-771')).toEqual(mesh.versions)
    return `${from.name} ${answers.summary}`
  }))
  return perClient.join('; ')
}))

check({
  id: 'mtls.identity',
  layer: 'mtls',
  title: 'both sides of a request see the other’s SPIFFE identity, and a wrong one is refused',
  source: 'Istio’s security concept: a workload is identified by trust domain, namespace and service account; istio/istio#47130',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => {
  const seen = await Promise.all(mesh.clusters.map((from) => identitiesSeen(mesh, from)))
  for (const { servers, clients } of seen) {
    expect(servers, because('MP-772')).toEqual(['spiffe://cluster.local/ns/app1/sa/default'])
    expect(clients, because('MP-772')).toEqual(['spiffe://cluster.local/ns/app1/sa/sleep'])
  }
  return mesh.withPolicy('wrong-identity', async () => {
    await Promise.all(mesh.clusters.map(async (from) => {
      const answers = await from.sleep.get(mesh.helloworld.url, { until: ({ ok }) => ok === 0, count: 8, tolerant: true })
      expect(answers.ok, because('MP-772')).toBe(0)
    }))
    return 'sleep and default on both sides; 0 answers from a server of another identity'
  })
})

check({
  id: 'mtls.plaintext-refused',
  layer: 'mtls',
  title: 'a client without a sidecar is served where plaintext is allowed, and refused where mutual TLS is required',
  source: 'seed 003, mutual TLS on and off; Istio’s mutual TLS matrix: PERMISSIVE serves plaintext, STRICT refuses it',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => {
  await mesh.withPolicy('mtls-permissive', () => Promise.all(mesh.clusters.map(async (from) => {
    const served = await from.outside.get(mesh.helloworld.url, { until: allSeen([from.version]), count: 8 })
    expect(served.ok, because('MP-774')).toBe(8)
  })))
  return mesh.withPolicy('mtls-strict', () => plaintextRefused(mesh))
})

/** Asks every server once more from one cluster, and reads from the proxies' logs whom each side saw. */
const identitiesSeen = async (mesh: Mesh, from: Site): Promise<{ servers: string[]; clients: string[] }> => {
  const since = new Date()
  const mark = `/hello?identity=${from.name}-${since.getTime()}`
  const answers = await from.sleep.get(`${mesh.helloworld.origin}${mark}`, { until: allSeen(mesh.versions) })
  expect(answers.versions, because('MP-771')).toEqual(mesh.versions)
  let [servers, clients] = [[] as string[], [] as string[]]
  await mesh.eventually(async () => {
    const asked = await from.accessLog('sleep', since, ({ path }) => path?.startsWith(mark) ?? false)
    const served = await Promise.all(mesh.clusters.map((site) => site.accessLog('helloworld', since, ({ path }) => path?.startsWith(mark) ?? false)))
    servers = distinct(asked.map(({ upstreamIdentity }) => upstreamIdentity))
    clients = distinct(served.flat().map(({ downstreamIdentity }) => downstreamIdentity))
    return asked.length >= answers.all.length && served.every((lines) => lines.length > 0)
  }, 8_000)
  return { servers, clients }
}

const distinct = (identities: (string | null | undefined)[]): string[] => [...new Set(identities.map((identity) => identity ?? 'none'))].sort()

const plaintextRefused = async (mesh: Mesh): Promise<string> => {
  const refused = await Promise.all(mesh.clusters.map(async (from) => {
    let last = answersOf([])
    await mesh.eventually(async () => {
      last = await from.outside.getNow(mesh.helloworld.url, { count: 4, seconds: 2 })
      return allRefused(last)
    })
    expect(allRefused(last), because('MP-773')).toBe(true)
    const judged = await from.outside.getNow(mesh.helloworld.url, { count: 8, seconds: 2 })
    expect(judged.all.filter(({ status }) => status !== 0), because('MP-773')).toEqual([])
    return `${from.name} refused ${judged.all.length} of ${judged.all.length}`
  }))
  return refused.join('; ')
}
