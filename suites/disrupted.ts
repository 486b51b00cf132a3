import { because, expect, inTime, type CauseCode, type Mesh, type Cluster } from '#suite.ts'

/** Asks from every cluster while something is done: every request is answered, and by every version. */
export const nothingLost = async (mesh: Mesh, during: () => Promise<unknown>, code: CauseCode): Promise<string> => {
  const seen = await inTime(code, mesh.underTraffic(during))
  for (const { lost, versions } of seen) {
    expect(lost, because(code)).toBe(0)
    expect(versions, 'requests must have crossed').toEqual(mesh.versions)
  }
  return told(mesh.clusters, seen)
}

/** What each client lost, and how slow its answers were, in words. */
export const told = (clients: Cluster[], seen: { summary: string }[]): string =>
  clients.map(({ name }, index) => `${name} ${seen[index]?.summary ?? ''}`).join(', ')

/** What each of some control planes holds of a cluster’s endpoints of helloworld. */
export const endpointsHeld = (controlPlanes: Mesh['controlPlanes'], cluster: string): Promise<string[][]> =>
  Promise.all(controlPlanes.map(async (controlPlane) => (await controlPlane.endpoints())[cluster] ?? []))

/**
 * A second pod of a cluster’s helloworld comes and goes, and every control plane knows; returns how many seconds the
 * coming took.
 */
export const followed = async (mesh: Mesh, cluster: Cluster, code: CauseCode): Promise<number> => {
  const since = Date.now()
  const known = (pods: number): Promise<boolean> =>
    mesh.eventually(async () => {
      const addresses = await cluster.apiEndpoints()
      const held = await endpointsHeld(mesh.controlPlanes, cluster.name)
      return addresses.length === pods && held.every((one) => one.join() === addresses.join())
    }, 60_000)
  try {
    await cluster.scaleHelloworld(2)
    expect(await known(2), because(code)).toBe(true)
  } finally {
    await cluster.scaleHelloworld(1)
  }
  const seconds = secondsSince(since)
  expect(await known(1), because(code)).toBe(true)
  return seconds
}

/** Asks for a second pod of every cluster’s client, for as long as `during` runs. */
export const withNewPods = async (mesh: Mesh, during: () => Promise<void>): Promise<void> => {
  try {
    await Promise.all(mesh.clusters.map((cluster) => cluster.scaleSleep(2)))
    await during()
  } finally {
    await Promise.all(mesh.clusters.map((cluster) => cluster.scaleSleep(1)))
  }
}

/** Every proxy has what its control plane tells. */
export const inSync = async (mesh: Mesh): Promise<boolean> =>
  (await Promise.all(mesh.controlPlanes.map((controlPlane) => controlPlane.proxies())))
    .flat()
    .every(({ stale }) => stale.length === 0)

/** Every client gets all its answers, from every version, and every control plane watches every cluster. */
export const whole = async (mesh: Mesh): Promise<boolean> => {
  const answers = await Promise.all(
    mesh.clusters.map(({ sleep }) => sleep.getNow(mesh.helloworld.url, { count: 24, failEarly: true })),
  )
  return (
    answers.every(({ ok, all, versions }) => ok === all.length && versions.join() === mesh.versions.join()) &&
    (await inSync(mesh))
  )
}

/** The fingerprints of the roots that proxies of any cluster trust, each once. */
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

/** The cluster that is struck where one must be. */
export const last = ({ clusters, primary }: Mesh): Cluster => clusters.at(-1) ?? primary

/** Whole seconds since a moment in milliseconds since the epoch. */
export const secondsSince = (moment: number): number => Math.round((Date.now() - moment) / 1000)
