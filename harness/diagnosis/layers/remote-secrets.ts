import { ApiException, CoreV1Api, DiscoveryV1Api, KubeConfig, type Cluster, type User } from '@kubernetes/client-node'
import { remoteEntries, sameAuthority, serverOf, type RemoteEntry } from '#survey/remote-secrets.ts'
import type { SurveyedCluster } from '#survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { defaultIstioNamespace } from '#topology/topology-schema.ts'
import { dial } from '#probes/dial.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { vantageIn } from '#diagnosis/vantage.ts'

/**
 * Every control plane has a remote secret for every other cluster, under that cluster’s own name (istio/istio#52065),
 * with a server that its pods reach (istio/istio#31081) and credentials that may read what istiod needs, asked of that
 * cluster now.
 */
export const remoteSecrets: Layer = {
  name: 'secrets',
  look: async (mesh) => {
    const told: string[] = []
    const perPair = await Promise.all(
      primariesOf(mesh).map(async (primary) => {
        const entries = remoteEntries(await primary.reads.secrets())
        return Promise.all(
          mesh.clusters
            .filter((cluster) => cluster !== primary)
            .map(async (cluster) => {
              const found = await problemOf(primary, cluster, entries)
              if (typeof found === 'string') {
                told.push(found)
                return []
              }
              return [found]
            }),
        )
      }),
    )
    return { findings: perPair.flat(2), seen: told.sort().join('; ') }
  },
}

/** What istioctl must be told of the namespace where it is not the one that istioctl looks in by itself. */
const elsewhereIn = ({ istioNamespace }: SurveyedCluster): string =>
  istioNamespace === defaultIstioNamespace ? '' : `--istioNamespace=${istioNamespace} `

const problemOf = async (
  primary: SurveyedCluster,
  cluster: SurveyedCluster,
  entries: RemoteEntry[],
): Promise<Finding | string> => {
  const context = cluster.kube.config.getCurrentCluster()
  const own = entries.filter(({ key }) => key === cluster.name)
  const entry =
    own.find(({ labelled }) => labelled) ??
    own[0] ??
    entries.find(({ access }) => context && access && sameAuthority(access.cluster, context))
  const again =
    `istioctl create-remote-secret --context=${cluster.context} ${elsewhereIn(cluster)}--name=${cluster.name} | ` +
    kubectl(primary, 'apply -f -')
  if (!entry)
    return {
      code: 'MP-861',
      where: primary.name,
      evidence: [
        `no secret of ${primary.istioNamespace} has a key ${cluster.name}; there are ` +
          (entries.map(({ secret, key }) => `${secret} (${key})`).join(', ') || 'no remote secrets'),
      ],
      fix: again,
    }
  const where = `${primary.name} ${entry.secret}`
  if (entry.key !== cluster.name)
    return {
      code: 'MP-864',
      where,
      evidence: [`the secret’s key is ${entry.key}, proxies of that cluster say ${cluster.name}`],
      fix: again,
    }
  if (!entry.labelled)
    return {
      code: 'MP-868',
      where,
      evidence: ['the label istio/multiCluster is missing or not true'],
      fix: kubectl(
        primary,
        `-n ${primary.istioNamespace} label --overwrite secret ${entry.secret} istio/multiCluster=true`,
      ),
    }
  if (!entry.access)
    return {
      code: 'MP-866',
      where,
      evidence: [`the value of ${entry.key} is no kubeconfig with a server and a user`],
      fix: again,
    }
  const { host, port } = serverOf(entry.access.cluster)
  const elsewhere = again.replace(' | ', ' --server=https://ADDRESS:PORT | ')
  if (/^(localhost|127\.|0\.0\.0\.0|::1$)/.test(host))
    return { code: 'MP-862', where, evidence: [`server ${entry.access.cluster.server}`], fix: elsewhere }
  const vantage = await vantageIn(primary)
  const dialled = await dial(vantage, host, port)
  if (!dialled.open)
    return {
      code: 'MP-863',
      where,
      evidence: [`${vantage.namespace}/${vantage.pod} of ${primary.name} → ${dialled.to}: ${dialled.said}`],
      fix: elsewhere,
    }
  // Another front than the context’s may know other tokens: then only live sync can tell.
  if (!context || !sameAuthority(entry.access.cluster, context))
    return (
      `${primary.name} → ${cluster.name} ${host}:${port}, credentials not tried: the context leads there another ` +
      'way'
    )
  const refused = await refusedTo(context, entry.access.user)
  if (refused.some(({ status }) => status === 401))
    return {
      code: 'MP-865',
      where,
      evidence: [`${cluster.name}’s API server answers 401 to the secret’s user`],
      fix: again,
    }
  if (refused.length > 0)
    return {
      code: 'MP-867',
      where,
      evidence: refused.map(({ what, status }) => `list ${what} in ${cluster.name}: ${status}`),
      fix: kubectl(cluster, 'get clusterrolebindings -o wide | grep istio-reader'),
    }
  return `${primary.name} → ${cluster.name} ${host}:${port} open, may read`
}

/** What of istiod’s reads a user is refused, asked through the address that the context knows. */
const refusedTo = async (cluster: Cluster, user: User): Promise<{ what: string; status: number }[]> => {
  const config = new KubeConfig()
  config.loadFromClusterAndUser(cluster, user)
  const [core, discovery] = [config.makeApiClient(CoreV1Api), config.makeApiClient(DiscoveryV1Api)]
  const reads = {
    pods: () => core.listPodForAllNamespaces({ limit: 1 }),
    services: () => core.listServiceForAllNamespaces({ limit: 1 }),
    nodes: () => core.listNode({ limit: 1 }),
    namespaces: () => core.listNamespace({ limit: 1 }),
    endpointslices: () => discovery.listEndpointSliceForAllNamespaces({ limit: 1 }),
  }
  const asked = await Promise.all(
    Object.entries(reads).map(async ([what, read]) => {
      try {
        await read()
        return []
      } catch (error) {
        if (error instanceof ApiException && (error.code === 401 || error.code === 403))
          return [{ what, status: error.code }]
        throw error
      }
    }),
  )
  return asked.flat()
}
