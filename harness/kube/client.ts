import type { CoreV1Api, KubeConfig, KubernetesObject, RequestContext } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { MeshproofError, reasonOf } from '#errors.ts'
import { failureWords } from './failure.ts'
import { kubernetes } from './library.ts'
import { proxyOfEnvironment } from './proxy.ts'

/** Any object of the API. Fields that the client does not know are kept. */
export type Manifest = KubernetesObject & Record<string, unknown>

/** Identifies an object. An object of the whole cluster has no namespace. */
export type Ref = { apiVersion: string; kind: string; name: string; namespace?: string }

/**
 * The API of a cluster, at the address in its kubeconfig. For a lab that is a published port, not the node's address.
 */
export type KubeClient = {
  readonly config: KubeConfig
  readonly core: CoreV1Api
  /** Applies objects server-side, in order, as field manager `meshproof`. */
  apply: (objects: Manifest[]) => Promise<void>
  /** Creates an object. Where it exists already, it stays as it is and the call fails. */
  create: (object: Manifest) => Promise<void>
  /** Changes the given fields of an existing object (a JSON merge patch: null removes a field). */
  merge: (object: Manifest) => Promise<void>
  /** Deletes an object, if it exists. */
  remove: (ref: Ref) => Promise<void>
  /** Reads an object. Returns undefined where it does not exist. */
  get: <T extends KubernetesObject>(ref: Ref) => Promise<T | undefined>
  /** Reads all objects of a kind: of a namespace where it is given, and with a label selector where it is given. */
  list: <T extends KubernetesObject>(query: {
    apiVersion: string
    kind: string
    namespace?: string
    selector?: string
  }) => Promise<T[]>
  /** Returns what the API server would store, after mutating webhooks. It creates nothing. */
  dryRun: <T extends KubernetesObject>(object: T) => Promise<T>
}

/** Connects to the current context of a kubeconfig file. Every client reads the file itself, so that none is shared. */
export const connect = (cluster: string, kubeconfig: string): KubeClient => {
  const config = new (kubernetes().KubeConfig)()
  config.loadFromFile(kubeconfig)
  return clientOf(cluster, config)
}

/**
 * Makes a client of a configuration’s current context. The client changes the configuration, so no other client may
 * use it. Errors call the cluster `cluster`.
 */
export const clientOf = (cluster: string, config: KubeConfig): KubeClient => {
  takeProxy(config)
  keepConnections(config)
  const { CoreV1Api: Core, KubernetesObjectApi, PatchStrategy } = kubernetes()
  const objects = KubernetesObjectApi.makeApiClient(config)
  const core = config.makeApiClient(Core)
  const explained = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
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
        await explained(`apply ${nameOf(manifest)}`, () =>
          objects.patch(manifest, undefined, undefined, 'meshproof', true, PatchStrategy.ServerSideApply),
        )
      }
    },
    create: async (manifest) => {
      await explained(`create ${nameOf(manifest)}`, () => objects.create(manifest))
    },
    merge: async (manifest) => {
      await explained(`change ${nameOf(manifest)}`, () =>
        objects.patch(manifest, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch),
      )
    },
    remove: async (ref) => {
      await explained(`delete ${ref.kind} ${ref.name}`, () => objects.delete(header(ref))).catch(ignoreMissing)
    },
    get: (ref) =>
      explained(`read ${ref.kind} ${ref.name}`, () => objects.read(header(ref))).catch(ignoreMissing) as never,
    list: async ({ apiVersion, kind, namespace, selector }) =>
      (
        await explained(`list ${kind}`, () =>
          objects.list(apiVersion, kind, namespace, undefined, undefined, undefined, undefined, selector),
        )
      ).items as never,
    dryRun: (object) => explained(`dry-run ${nameOf(object)}`, () => objects.create(object, undefined, 'All')),
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
 * Makes every request use the connection pool of the first one. The library opens a pool for each request, and a
 * handshake costs an API server more than most requests.
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

/** Reads the objects of a YAML text with any number of documents. */
export const manifestsOf = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => {
    const manifest = document.toJSON() as Manifest | null
    return manifest === null ? [] : [manifest]
  })

/** The reference to an object. */
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
 * Makes an error of a failed call of the API: MP-406 without an answer, MP-404 for an object that does not exist,
 * MP-402 for any other refusal. The server's reason is in the body; the message of the exception also has headers and
 * is not shown.
 */
export const explainApi = (error: unknown, cluster: string, what: string): MeshproofError => {
  const { ApiException } = kubernetes()
  const status = error instanceof ApiException ? error.code : undefined
  const why = error instanceof ApiException ? messageOf(error.body) : failureWords(error)
  if (status === undefined) {
    return new MeshproofError('MP-406', {
      what: `The API server does not answer: ${what}`,
      where: cluster,
      why,
      next: 'Check whether the cluster still runs. The nodes of a lab are containers: docker ps.',
      cause: error,
    })
  }
  return new MeshproofError(status === 404 ? 'MP-404' : 'MP-402', {
    what: `The API server refused to ${what}`,
    where: cluster,
    why: [status, why].filter(Boolean).join(' '),
    next: 'Look at the cluster with kubectl. --keep keeps a lab and prints how to reach it.',
    cause: error,
  })
}

const messageOf = (body: unknown): string => {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message)
  } catch {
    /* not JSON: the text itself is the message */
  }
  return String(body).slice(0, 300)
}
