import type { V1ConfigMap, V1Pod, V1Secret } from '@kubernetes/client-node'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { execIn, isReady, logsSince } from '#kube/pods.ts'
import { until } from '#kube/until.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { certificatesIn, trustOf } from '#probes/envoy.ts'
import { cacertsFor, createRoot } from '#lab/certificate-authority.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { step, type Step } from '#istio/procedure.ts'
import { proxyOf } from '#istio/proxy-container.ts'

/** The files of a `cacerts` secret, by name, as text. */
type Cacerts = Record<string, string>

/** The old files of a cluster, and its new files: an intermediate of a new root. */
type Change = (cluster: string) => { old: Cacerts; fresh: Cacerts }

/**
 * Changes the mesh’s root in three steps. Each step reaches all clusters before the next begins, so that every
 * proxy always trusts the certificates of every other proxy (as in Istio’s rotation test,
 * tests/integration/security/cacert_rotation). istiod accepts new `cacerts` without a restart, but accepts a bundle
 * of roots only if it contains the previous bundle or is contained in it. It asks the proxies for new certificates
 * only when the text of the bundle changes, so the second step changes the order of the roots. A step ends when every
 * istiod and every proxy has accepted it.
 * @throws MeshproofError MP-401 where a step is not accepted within 90 s.
 */
export const caRotation = (): Step[] => {
  let planned: Promise<Change> | undefined
  const stage = (
    name: string,
    filesOf: (change: ReturnType<Change>) => Cacerts,
    otherwise?: (change: ReturnType<Change>) => Cacerts,
  ): Step =>
    step(name, async (lab, signal) => {
      const change = await (planned ??= newRoot(lab))
      await write(lab, (cluster) => filesOf(change(cluster)))
      await accepted(lab, (cluster) => filesOf(change(cluster)), signal).catch(async (error: unknown) => {
        if (otherwise) await write(lab, (cluster) => otherwise(change(cluster)))
        throw error
      })
    })
  return [
    // Where istiod does not accept this step, nothing has changed yet, and the old files can be restored.
    stage(
      'old CA, both roots',
      ({ old, fresh }) => ({ ...old, [roots]: `${old[roots] ?? ''}${fresh[roots] ?? ''}` }),
      ({ old }) => old,
    ),
    stage('new CA, both roots', ({ old, fresh }) => ({
      ...fresh,
      [roots]: `${fresh[roots] ?? ''}${old[roots] ?? ''}`,
    })),
    stage('new CA, its root alone', ({ fresh }) => fresh),
  ]
}

/**
 * Replaces the root in one step, which istiod must refuse. Returns the undo, which restores the old `cacerts`. An
 * istiod that restarts in between would accept the new root.
 * @throws MeshproofError MP-401 when an istiod does not log the refusal within 60 s.
 */
export const swapRoot = async (lab: Lab, signal?: AbortSignal): Promise<() => Promise<void>> => {
  const change = await newRoot(lab)
  const since = new Date()
  const undo = async (): Promise<void> => {
    await write(lab, (cluster) => change(cluster).old)
    await Promise.all(lab.primaries.map(async (primary) => remount(primary.kube, await istiodPods(primary))))
  }
  try {
    await write(lab, (cluster) => change(cluster).fresh)
    await Promise.all(
      lab.primaries.map((primary) =>
        until(
          `${primary.name}’s istiod refuses another root`,
          async () => {
            const { kube, istioNamespace } = primary
            const pods = (await istiodPods(primary)).filter(isReady)
            await remount(kube, pods)
            const logs = await Promise.all(
              pods.map(({ metadata }) =>
                logsSince(
                  kube,
                  { namespace: istioNamespace, pod: metadata?.name ?? '', container: 'discovery' },
                  since,
                ),
              ),
            )
            return logs.length > 0 && logs.every((log) => log.includes('ROOT-CA not supported'))
          },
          { every: 1000, within: 60_000, signal },
        ),
      ),
    )
  } catch (error) {
    await undo()
    throw error
  }
  return undo
}

const roots = 'root-cert.pem'

const secretOf = ({ istioNamespace }: LabCluster, files: Cacerts): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cacerts', namespace: istioNamespace },
  stringData: files,
})

const write = async ({ clusters }: Lab, files: (cluster: string) => Cacerts): Promise<void> => {
  await Promise.all(clusters.map((cluster) => cluster.kube.apply([secretOf(cluster, files(cluster.name))])))
}

const newRoot = async ({ clusters }: Lab): Promise<Change> => {
  const root = await createRoot(`Root CA of ${new Date().toISOString()}`)
  const changes = new Map(
    await Promise.all(
      clusters.map(async ({ name, kube, istioNamespace }) => {
        const { data } =
          (await kube.get<V1Secret>({
            apiVersion: 'v1',
            kind: 'Secret',
            name: 'cacerts',
            namespace: istioNamespace,
          })) ?? {}
        const old = Object.fromEntries(
          Object.entries(data ?? {}).map(([file, text]) => [file, Buffer.from(text, 'base64').toString()]),
        )
        const { stringData } = await cacertsFor(root, { name, istioNamespace })
        return [name, { old, fresh: stringData as Cacerts }] as const
      }),
    ),
  )
  return (cluster) => changes.get(cluster) ?? { old: {}, fresh: {} }
}

/**
 * Waits until istiod has published a step’s roots in all clusters, and every proxy trusts them and has a
 * certificate of its control plane’s intermediate.
 */
const accepted = async (lab: Lab, files: (cluster: string) => Cacerts, signal: AbortSignal): Promise<void> => {
  const patience = { every: 1000, within: 90_000, signal }
  const served = ({ name, role }: LabCluster): Cacerts => files(role === 'primary' ? name : lab.primary.name)
  const rootsOf = (cluster: LabCluster): string => fingerprintsIn(served(cluster)[roots])
  await Promise.all(
    lab.clusters.map((cluster) =>
      until(
        `${cluster.name} is told the roots`,
        async () => {
          await Promise.all(lab.primaries.map(async (primary) => remount(primary.kube, await istiodPods(primary))))
          const published = await cluster.kube.get<V1ConfigMap>({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: 'istio-ca-root-cert',
            namespace: cluster.istioNamespace,
          })
          return fingerprintsIn(published?.data?.[roots]) === rootsOf(cluster)
        },
        patience,
      ),
    ),
  )
  await Promise.all(
    lab.clusters.map((cluster) =>
      until(
        `every proxy of ${cluster.name} has taken up the roots and its certificate`,
        async () => {
          const { kube } = cluster
          const signing = fingerprintsIn(served(cluster)['ca-cert.pem'])
          const pods = (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' })).filter(
            (pod) => proxyOf(pod) !== undefined && isReady(pod),
          )
          const taken = await Promise.all(pods.map((pod) => hasAccepted(kube, pod, rootsOf(cluster), signing)))
          await remount(
            kube,
            pods.filter((_, index) => !taken[index]),
          )
          return taken.every(Boolean)
        },
        patience,
      ),
    ),
  )
}

/**
 * True when a proxy holds the roots and the certificate. The mounted file is compared too, since the proxy uses it to
 * trust its control plane when it reconnects.
 */
const hasAccepted = async (
  kube: KubeClient,
  { metadata }: V1Pod,
  wantedRoots: string,
  signing: string,
): Promise<boolean> => {
  const { name: pod = '', namespace = '' } = metadata ?? {}
  const [{ chain, roots: trusted }, { stdout: mounted }] = await Promise.all([
    trustOf({ kube, namespace, pod }),
    execIn(kube, { namespace, pod, container: 'istio-proxy' }, ['cat', '/var/run/secrets/istio/root-cert.pem']),
  ])
  // With mutual TLS off, a proxy holds neither roots nor a certificate.
  const holds =
    trusted.length === 0 ||
    (fingerprints(trusted) === wantedRoots && chain.some(({ fingerprint256 }) => fingerprint256 === signing))
  return holds && fingerprintsIn(mounted) === wantedRoots
}

/**
 * Makes kubelet update the pods’ mounted files now, instead of within 90 s. kubelet updates them whenever a pod
 * changes.
 */
const remount = async (kube: KubeClient, pods: V1Pod[]): Promise<void> => {
  const annotations = { 'meshproof.dev/remounted': new Date().toISOString() }
  await Promise.all(
    pods.map(({ metadata }) =>
      kube.merge({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', annotations },
      }),
    ),
  )
}

const fingerprintsIn = (pem = ''): string => fingerprints(certificatesIn(pem))

const fingerprints = (certificates: { fingerprint256: string }[]): string =>
  [...new Set(certificates.map(({ fingerprint256 }) => fingerprint256))].sort().join()
