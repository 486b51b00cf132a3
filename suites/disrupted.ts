import { because, expect, inTime, type CauseCode, type Mesh, type Cluster } from '#suite.ts'

/**
 * Sends requests from every cluster while `during` runs. Expects that every request is answered, and that every
 * version answers.
 */
export const nothingLost = async (mesh: Mesh, during: () => Promise<unknown>, code: CauseCode): Promise<string> => {
  const traffic = await inTime(code, mesh.underTraffic(during))
  for (const { lost, versions } of traffic) {
    expect(lost, because(code)).toBe(0)
    expect(versions, 'requests must have crossed').toEqual(mesh.versions)
  }
  return trafficSummary(mesh.clusters, traffic)
}

/** What each client lost, and how slow its answers were, in words. */
export const trafficSummary = (clients: Cluster[], traffic: { summary: string }[]): string =>
  clients.map(({ name }, index) => `${name} ${traffic[index]?.summary ?? ''}`).join(', ')

/** The endpoints of a service’s pods in a cluster that each of these control planes holds. */
export const endpointsHeld = (
  controlPlanes: Mesh['controlPlanes'],
  cluster: string,
  service = 'helloworld',
): Promise<string[][]> =>
  Promise.all(controlPlanes.map(async (controlPlane) => (await controlPlane.endpoints(service))[cluster] ?? []))

/**
 * Adds a second pod to a cluster’s helloworld and removes it again. Expects that every control plane notices both.
 * Returns the seconds until all of them knew the new pod.
 */
export const expectChangesFollowed = async (mesh: Mesh, cluster: Cluster, code: CauseCode): Promise<number> => {
  const since = Date.now()
  const known = (pods: number): Promise<boolean> =>
    mesh.eventually(async () => {
      const addresses = await cluster.apiEndpoints('helloworld')
      const held = await endpointsHeld(mesh.controlPlanes, cluster.name)
      return addresses.length === pods && held.every((endpoints) => endpoints.join() === addresses.join())
    }, 60_000)
  try {
    await cluster.scale('helloworld', 2)
    expect(await known(2), because(code)).toBe(true)
  } finally {
    await cluster.scale('helloworld', 1)
  }
  const seconds = secondsSince(since)
  expect(await known(1), because(code)).toBe(true)
  return seconds
}

/** Asks for a second pod of every cluster’s client while `during` runs. */
export const withNewPods = async (mesh: Mesh, during: () => Promise<void>): Promise<void> => {
  try {
    await Promise.all(mesh.clusters.map((cluster) => cluster.scaleSleep(2)))
    await during()
  } finally {
    await Promise.all(mesh.clusters.map((cluster) => cluster.scaleSleep(1)))
  }
}

/** True when every proxy has the configuration of its control plane. */
export const proxiesInSync = async (mesh: Mesh): Promise<boolean> =>
  (await Promise.all(mesh.controlPlanes.map((controlPlane) => controlPlane.proxies())))
    .flat()
    .every(({ stale }) => stale.length === 0)

/** True when every client gets answers to all requests, from every version, and every proxy is in sync. */
export const isWhole = async (mesh: Mesh): Promise<boolean> => {
  const answers = await Promise.all(
    mesh.clusters.map(({ sleep }) => sleep.getNow(mesh.helloworld.url, { count: 24, failEarly: true })),
  )
  return (
    answers.every(({ ok, all, versions }) => ok === all.length && versions.join() === mesh.versions.join()) &&
    (await proxiesInSync(mesh))
  )
}

/** The fingerprints of all roots that proxies trust, in any cluster. */
export const trustedRoots = async (mesh: Mesh): Promise<string[]> => {
  const perCluster = await Promise.all(mesh.clusters.map((cluster) => cluster.proxyTrust()))
  return [
    ...new Set(
      perCluster
        .flatMap((trust) => Object.values(trust))
        .flatMap(({ roots }) => roots.map(({ fingerprint256 }) => fingerprint256)),
    ),
  ].sort()
}

/** The cluster that a check disrupts where any cluster will do. */
export const clusterToDisrupt = ({ clusters, primary }: Mesh): Cluster => clusters.at(-1) ?? primary

/** Whole seconds since a moment in milliseconds since the epoch. */
export const secondsSince = (moment: number): number => Math.round((Date.now() - moment) / 1000)
