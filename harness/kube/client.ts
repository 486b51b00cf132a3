import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
  type RequestContext,
} from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { MeshproofError, reasonOf } from '#errors.ts'
import { failureWords } from './failure.ts'
import { proxyOfEnvironment } from './proxy.ts'

/** Any object of the API; `spec`, `data` and the rest stay as they are. */
export type Manifest = KubernetesObject & Record<string, unknown>

/** Where an object is: kind and name, and a namespace unless it has none. */
export type Ref = { apiVersion: string; kind: string; name: string; namespace?: string }

/** One cluster's API, through the address in its kubeconfig (the published port, never a node's own address). */
export type KubeClient = {
  readonly config: KubeConfig
  readonly core: CoreV1Api
  /** Applies objects server-side, in order, as field manager `meshproof`. */
  apply: (objects: Manifest[]) => Promise<void>
  /** Creates an object that is not there yet; one that is, is left as it is and refused. */
  create: (object: Manifest) => Promise<void>
  /** Changes only what the object says of an existing one (a JSON merge patch; null removes). */
  merge: (object: Manifest) => Promise<void>
  /** Deletes an object; one that is not there is fine. */
  remove: (ref: Ref) => Promise<void>
  /** Reads an object, or undefined where it does not exist. */
  get: <T extends KubernetesObject>(ref: Ref) => Promise<T | undefined>
  list: <T extends KubernetesObject>(of: {
    apiVersion: string
    kind: string
    namespace?: string
    selector?: string
  }) => Promise<T[]>
  /** What the API server would store, mutating webhooks included; nothing is created. */
  dryRun: <T extends KubernetesObject>(object: T) => Promise<T>
}

/** Connects to the current context of a kubeconfig file; a fresh configuration a cluster, never shared. */
export const connect = (cluster: string, kubeconfig: string): KubeClient => {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  return clientOf(cluster, config)
}

/**
 * The client of a configuration’s current context, which is this client’s alone from now on; `cluster` is what
 * errors call it.
 */
export const clientOf = (cluster: string, config: KubeConfig): KubeClient => {
  takeProxy(config)
  keepConnections(config)
  const objects = KubernetesObjectApi.makeApiClient(config)
  const core = config.makeApiClient(CoreV1Api)
  const asked = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request()
    } catch (error) {
      throw explainApi(error, cluster, what)
    }
  }
  const header = ({
    apiVersion,
    kind,
    name,
    namespace,
  }: Ref): { apiVersion: string; kind: string; metadata: { name: string; namespace: string } } => ({
    apiVersion,
    kind,
    metadata: { name, namespace: namespace ?? '' },
  })
  return {
    config,
    core,
    apply: async (manifests) => {
      for (const manifest of manifests) {
        await asked(`apply ${nameOf(manifest)}`, () =>
          objects.patch(manifest, undefined, undefined, 'meshproof', true, PatchStrategy.ServerSideApply),
        )
      }
    },
    create: async (manifest) => {
      await asked(`create ${nameOf(manifest)}`, () => objects.create(manifest))
    },
    merge: async (manifest) => {
      await asked(`change ${nameOf(manifest)}`, () =>
        objects.patch(manifest, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch),
      )
    },
    remove: async (ref) => {
      await asked(`delete ${ref.kind} ${ref.name}`, () => objects.delete(header(ref))).catch(ignoreMissing)
    },
    get: (ref) => asked(`read ${ref.kind} ${ref.name}`, () => objects.read(header(ref))).catch(ignoreMissing) as never,
    list: async ({ apiVersion, kind, namespace, selector }) =>
      (
        await asked(`list ${kind}`, () =>
          objects.list(apiVersion, kind, namespace, undefined, undefined, undefined, undefined, selector),
        )
      ).items as never,
    dryRun: (object) => asked(`dry-run ${nameOf(object)}`, () => objects.create(object, undefined, 'All')),
  }
}

/**
 * The library takes a proxy from the kubeconfig alone; kubectl takes it from the environment where the kubeconfig has
 * none. Requests, exec and port-forward all go through it.
 * @throws MeshproofError MP-116 for a proxy that is none.
 */
const takeProxy = (config: KubeConfig): void => {
  config.clusters = config.clusters.map((cluster) => {
    if (cluster.proxyUrl || !URL.canParse(cluster.server)) return cluster
    try {
      const proxy = proxyOfEnvironment(cluster.server)
      return proxy === undefined ? cluster : { ...cluster, proxyUrl: proxy }
    } catch (cause) {
      throw new MeshproofError('MP-116', {
        what: 'The proxy of the environment cannot be used',
        where: cluster.server,
        why: reasonOf(cause),
        next: 'Look at HTTPS_PROXY and NO_PROXY; a proxy-url in the kubeconfig goes before them.',
        cause,
      })
    }
  })
}

/**
 * The library makes a pool of connections for every request; here the first one serves them all, since a handshake
 * costs an API server more than most requests.
 */
const keepConnections = (config: KubeConfig): void => {
  const authenticate = config.applySecurityAuthentication.bind(config)
  let pool: ReturnType<RequestContext['getDispatcher']>
  config.applySecurityAuthentication = async (context) => {
    await authenticate(context)
    pool ??= context.getDispatcher()
    if (pool) context.setDispatcher(pool)
  }
}

/** Reads a YAML text of one or more documents. */
export const manifestsOf = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => {
    const manifest = document.toJSON() as Manifest | null
    return manifest === null ? [] : [manifest]
  })

/** A manifest's place. */
export const refOf = ({ apiVersion = '', kind = '', metadata }: Manifest): Ref => ({
  apiVersion,
  kind,
  name: metadata?.name ?? '',
  ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
})

const nameOf = (object: KubernetesObject): string =>
  `${object.kind ?? 'object'} ${object.metadata?.name ?? object.metadata?.generateName ?? ''}`.trim()

const ignoreMissing = (error: unknown): undefined => {
  if (error instanceof MeshproofError && error.code === 'MP-404') return undefined
  throw error
}

/**
 * What a call of the API failed with. Its own words are in the body; its exception's message dumps headers as well, so
 * it is never shown.
 */
export const explainApi = (error: unknown, cluster: string, what: string): MeshproofError => {
  const status = error instanceof ApiException ? error.code : undefined
  const why = error instanceof ApiException ? wordsOf(error.body) : failureWords(error)
  if (status === undefined) {
    return new MeshproofError('MP-406', {
      what: `The API server does not answer: ${what}`,
      where: cluster,
      why,
      next: 'Look whether the cluster still runs; the nodes of a lab are containers: docker ps.',
      cause: error,
    })
  }
  return new MeshproofError(status === 404 ? 'MP-404' : 'MP-402', {
    what: `The API server refused to ${what}`,
    where: cluster,
    why: [status, why].filter(Boolean).join(' '),
    next: 'Look at the cluster with kubectl; --keep leaves a lab and prints how.',
    cause: error,
  })
}

const wordsOf = (body: unknown): string => {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message)
  } catch {
    /* not JSON: the raw text says it */
  }
  return String(body).slice(0, 300)
}
