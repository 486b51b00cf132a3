import {
  allRefused, allSeen, answersOf, because, check, expect, onSeveralNetworks, onSharedNetwork, where, whereRequestsCross, withMutualTls, withoutMutualTls, type Answers, type Mesh, type Site,
} from '../harness/test.ts'

check({
  id: 'mtls.strict',
  layer: 'mtls',
  title: 'where mutual TLS is required, clients of every cluster still reach every version',
  source: 'seed 000: the shared root makes mutual TLS work across clusters; Istio’s mutual TLS matrix: STRICT crosses clusters and networks',
  from: 'mesh',
  applies: withMutualTls,
}, async ({ mesh }) => {
  // It is required once plaintext is refused; before that, answers would prove nothing.
  await plaintextRefused(mesh)
  const perClient = await Promise.all(mesh.clusters.map(async (from) => {
    const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
    expect(answers.statuses, because('MP-771')).toEqual([200])
    expect(answers.versions, because('MP-771')).toEqual(mesh.versions)
    return `${from.name} ${answers.summary}`
  }))
  return perClient.join('; ')
})

check({
  id: 'mtls.identity',
  layer: 'mtls',
  title: 'both sides of a request see the other’s SPIFFE identity, and a wrong one is refused',
  source: 'Istio’s security concept: a workload is identified by trust domain, namespace and service account; istio/istio#47130',
  from: 'mesh',
  changesMesh: true,
  applies: withMutualTls,
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
  applies: withMutualTls,
}, async ({ mesh }) => {
  await mesh.allowingPlaintext(() => Promise.all(mesh.clusters.map(async (from) => {
    const served = await from.outside.get(mesh.helloworld.url, { until: allSeen([from.version]), count: 8 })
    expect(served.ok, because('MP-774')).toBe(8)
  })))
  return plaintextRefused(mesh)
})

check({
  id: 'mtls.wire',
  layer: 'mtls',
  title: 'what crosses between clusters is TLS and shows no greeting; with mutual TLS off it is in clear',
  source: 'seed 003, mutual TLS on and off; Istio’s security concept: traffic between workloads is encrypted in transit',
  from: 'mesh',
  changesMesh: true,
  applies: whereRequestsCross,
}, async ({ mesh }) => {
  const greeting = 'Hello version'
  const clear = 'sent-in-clear'
  // Connections that were open before would show no handshake.
  const wires = await mesh.withPolicy('new-connections', () => Promise.all(mesh.clusters.map((peer) => peer.wire(greeting, () =>
    Promise.all(mesh.othersThan(peer).map((from) => from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })))))))
  for (const wire of wires) {
    expect(wire.flows, 'the capture must have seen the requests').toBeGreaterThan(0)
    if (mesh.mtls === 'off') expect(wire.clear, because('MP-778')).toBeGreaterThan(0)
    else expect([wire.clear, wire.tls], because('MP-775')).toEqual([0, wire.flows])
  }
  // What is sent in clear is sent later: one cluster’s capture sees what passes on to another, too.
  const controls = await Promise.all(mesh.clusters.map((peer) => peer.wire(clear, () =>
    Promise.all(mesh.othersThan(peer).map(async (from) => from.outside.getNow(`http://${await hopTo(peer, from)}/${clear}`, { count: 2, seconds: 1 }))))))
  for (const control of controls) expect(control.clear, 'what is sent in clear must show in a capture').toBeGreaterThan(0)
  return mesh.clusters.map(({ name }, index) => `${name}: ${wires[index]?.tls ?? 0} of ${wires[index]?.flows ?? 0} flows are TLS, ${wires[index]?.clear ?? 0} show the greeting`).join('; ')
})

check({
  id: 'mtls.gateway-refuses-certless',
  layer: 'mtls',
  title: 'a gateway’s 15443 answers no caller without a certificate, whatever name it asks for',
  source: 'Istio’s routing tests: AUTO_PASSTHROUGH serves nobody without a client certificate, for names it knows and names it does not',
  from: 'mesh',
  applies: where(onSeveralNetworks, withMutualTls),
}, async ({ mesh }) => mesh.besideClusters(async (outside) => {
  for (const from of mesh.clusters) {
    const served = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
    expect(served.ok, 'with a certificate the same gateways must pass requests on').toBe(served.all.length)
  }
  for (const peer of mesh.clusters) {
    const through = `${await peer.gatewayAddress() ?? 'no address'}:15443`
    for (const name of ['outbound_.5000_._.helloworld.app1.svc.cluster.local', 'outbound_.5000_._.nowhere.app1.svc.cluster.local', 'nowhere.example']) {
      const answers = await outside.get(`https://${name}/hello`, { through, count: 4 })
      expect(answers.all.some(({ connected }) => connected), because('MP-712')).toBe(true)
      expect(answers.statuses, because('MP-776')).toEqual([0])
    }
  }
  return `${mesh.clusters.length} gateways, 3 names each: 0 answers`
}))

check({
  id: 'mtls.off-crosses',
  layer: 'mtls',
  title: 'with mutual TLS off, clients reach every version of their network, in plaintext',
  source: 'seed 003, mutual TLS off; Istio’s mutual TLS matrix: DISABLE crosses clusters on one network',
  from: 'each',
  to: 'same network',
  applies: where(withoutMutualTls, onSharedNetwork),
}, async ({ mesh, from }) => {
  const wanted = mesh.reachableFrom(from).map(({ version }) => version).sort()
  const { answers, servers, clients } = await identitiesSeen(mesh, from)
  expect(answers.versions, because('MP-779')).toEqual(wanted)
  expect([...servers, ...clients], because('MP-777')).toEqual(['none', 'none'])
  return `${answers.summary}, no identity on either side`
})

check({
  id: 'mtls.off-stays',
  layer: 'mtls',
  title: 'with mutual TLS off, clients never reach another network',
  source: 'Istio’s mutual TLS matrix: plaintext never crosses networks; istio/istio#28798',
  from: 'each',
  applies: where(withoutMutualTls, onSeveralNetworks),
}, async ({ mesh, from }) => {
  const wanted = mesh.reachableFrom(from).map(({ version }) => version).sort()
  const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(wanted) })
  expect(answers.statuses, because('MP-779')).toEqual([200])
  expect(answers.versions, because('MP-770')).toEqual(wanted)
  return answers.summary
})

/** Asks every server once more from one cluster, and reads from the proxies' logs whom each side saw. */
const identitiesSeen = async (mesh: Mesh, from: Site): Promise<{ answers: Answers; servers: string[]; clients: string[] }> => {
  const since = new Date()
  const mark = `/hello?identity=${from.name}-${since.getTime()}`
  const reached = mesh.reachableFrom(from)
  const versions = reached.map(({ version }) => version).sort()
  const answers = await from.sleep.get(`${mesh.helloworld.origin}${mark}`, { until: allSeen(versions) })
  expect(answers.versions, because(mesh.mtls === 'strict' ? 'MP-771' : 'MP-779')).toEqual(versions)
  let [servers, clients] = [[] as string[], [] as string[]]
  await mesh.eventually(async () => {
    const asked = await from.accessLog('sleep', since, ({ path }) => path?.startsWith(mark) ?? false)
    const served = await Promise.all(reached.map((site) => site.accessLog('helloworld', since, ({ path }) => path?.startsWith(mark) ?? false)))
    servers = distinct(asked.map(({ upstreamIdentity }) => upstreamIdentity))
    clients = distinct(served.flat().map(({ downstreamIdentity }) => downstreamIdentity))
    return asked.length >= answers.all.length && served.every((lines) => lines.length > 0)
  }, 8_000)
  return { answers, servers, clients }
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

/** The hop of a request to a cluster, as a client of another one dials it. */
const hopTo = async (peer: Site, from: Site): Promise<string> =>
  (peer.network === from.network ? `${await peer.helloworldAddress()}:5000` : `${await peer.gatewayAddress() ?? 'no address'}:15443`)
