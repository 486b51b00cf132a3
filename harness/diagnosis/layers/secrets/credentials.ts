import { readFileSync } from 'node:fs'
import type { Cluster, V1ServiceAccount } from '@kubernetes/client-node'
import { z } from 'zod'
import { reasonOf } from '#errors.ts'
import { minorOf } from '#images/version.ts'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { askDirectly, askThrough, type Ask, type Handshake } from '#probes/remote-server.ts'
import { endOf, ownerOf, span, userOf } from '#istio/credential-life.ts'
import type { RemoteAccess, RemoteCredentials } from '#istio/remote-kubeconfig.ts'
import { sameAuthority } from '#probes/survey/remote-secrets.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { missingRights } from './rights.ts'

/** A remote secret’s entry for a cluster, and where it stands. */
export type Entry = {
  mesh: Survey
  primary: SurveyedCluster
  cluster: SurveyedCluster
  access: RemoteAccess
  where: string
  /** The command that creates the secret again. */
  again: string
  /** Whether the control plane reads the TLS secrets of remote clusters. */
  readsSecrets: boolean
}

/** What the credentials of an entry came to: what is wrong, in few words what is right, or why they were not tried. */
export type Tried = { findings: Finding[]; seen?: string; note?: string }

const soon = 24 * 3_600_000

/** The authorities that a context’s way to its cluster trusts, in PEM. */
export const authorityOf = ({ caData, caFile }: Cluster): string | undefined => {
  if (caData) return Buffer.from(caData, 'base64').toString()
  return caFile ? readFileSync(caFile, 'utf8') : undefined
}

/**
 * Tries the credentials of an entry as istiod uses them: whether they are accepted, by which cluster, what they may do,
 * and when they end.
 */
export const tryCredentials = async (entry: Entry, shaken: Handshake | undefined): Promise<Tried> => {
  const { access, cluster } = entry
  const end = endOf(access.credentials)
  const ended = end !== undefined && end.at <= Date.now()
  const ending: Finding[] = end !== undefined && !ended && end.at - Date.now() < soon ? [endsSoon(entry, end)] : []
  const refusedOf = async (): Promise<Finding> => notAccepted(entry, end, await reasonsOfRefusal(entry))
  const way = wayTo(entry, shaken)
  if (typeof way === 'string')
    return ended
      ? { findings: [await refusedOf()] }
      : { findings: ending, note: `${entry.where}: credentials not tried: ${way}` }
  try {
    const found = await asked(entry, way.ask, refusedOf)
    return found.length > 0
      ? { findings: [...found, ...(found.some(({ code }) => code === 'MP-865') ? [] : ending)] }
      : { findings: ending, seen: `${userOf(access.credentials) ?? 'its user'} may read` }
  } catch (error) {
    if (ended) return { findings: [await refusedOf()] }
    const why = reasonOf(error)
    return { findings: ending, note: `${entry.where}: credentials not tried in ${cluster.name}: ${why}` }
  } finally {
    way.close()
  }
}

/**
 * The way to ask a cluster with the credentials: the secret’s own server where it answers from here with the right
 * certificate, else the context’s, where both lead to the same cluster.
 */
const wayTo = ({ access, cluster }: Entry, shaken: Handshake | undefined): { ask: Ask; close: () => void } | string => {
  const inTheWay = access.unused.filter((field) => field !== 'proxy-url')
  if (inTheWay.length > 0) return `istiod uses ${inTheWay.join(', ')}, which is not used from here`
  if (shaken?.reached && shaken.why === undefined) return askDirectly(access)
  const context = cluster.kube.config.getCurrentCluster()
  if (!context) return 'its context leads nowhere'
  // Another front than the context’s may know other tokens.
  return sameAuthority(access.authority, authorityOf(context)) ||
    (access.authority === undefined && (access.unverified || access.authorityFile))
    ? askThrough(context, access.credentials)
    : 'its server does not answer from here, and the context leads there another way'
}

const Namespace = z.object({ metadata: z.object({ uid: z.string() }) })

const asked = async (entry: Entry, ask: Ask, refused: () => Promise<Finding>): Promise<Finding[]> => {
  const { mesh, primary, cluster, access, where } = entry
  const { status, body } = await ask('/api/v1/namespaces/kube-system')
  if (status === 401) return [await refused()]
  const uid = Namespace.safeParse(body).data?.metadata.uid
  const elsewhere = uid === undefined ? undefined : await otherClusterOf(mesh, cluster, uid)
  if (elsewhere !== undefined)
    return [
      {
        code: 'MP-864',
        cause: 'a remote secret leads to another cluster than its key says',
        where,
        evidence: [
          `the key is ${cluster.name}, and its server ${access.server.host} belongs to ${elsewhere}`,
          `kube-system has the uid ${uid ?? ''} there`,
        ],
        clusters: [primary.name, cluster.name],
        fix: entry.again.replace(/ --server=\S+/, ''),
      },
    ]
  const rights = await missingRights(ask, {
    serves: servedBy(mesh, cluster) === primary,
    secrets: entry.readsSecrets,
    meshConfig: (minorOf(primary.istio) ?? 0) >= 31,
  })
  if ('unknown' in rights) return status === 403 ? [forbidden(entry, ['get namespaces'])] : []
  return [
    ...(rights.missing.length > 0 ? [forbidden(entry, rights.missing)] : []),
    ...(rights.missing.length === 0 && rights.beside.length > 0 ? [forbidden(entry, rights.beside, true)] : []),
  ]
}

/** Whose a kube-system of that uid is, where it is not the cluster’s own. */
const otherClusterOf = async (
  { clusters }: Survey,
  cluster: SurveyedCluster,
  uid: string,
): Promise<string | undefined> => {
  const uids = await Promise.all(
    clusters.map(async (one) => {
      const namespaces = await one.reads.namespaces()
      return { one, uid: namespaces.find(({ metadata }) => metadata?.name === 'kube-system')?.metadata?.uid }
    }),
  )
  if (uids.some((found) => found.one === cluster && (found.uid === undefined || found.uid === uid))) return undefined
  const other = uids.find((found) => found.uid === uid)?.one
  return other ? `${other.name} (context ${other.context})` : 'a cluster that is none of those looked at'
}

const forbidden = ({ primary, cluster, access, where }: Entry, rights: string[], beside = false): Finding => {
  const user = userOf(access.credentials) ?? 'the secret’s user'
  const reviews = rights.some((right) => right.includes('tokenreviews'))
  return {
    code: beside ? 'MP-694' : 'MP-867',
    where,
    evidence: [
      ...rights.map((right) => `${user} may not ${right} in ${cluster.name}`),
      ...(reviews ? [`istiod of ${primary.name} reviews the tokens of ${cluster.name}’s proxies with it`] : []),
    ],
    clusters: [cluster.name],
    fix: kubectl(cluster, 'get clusterroles,clusterrolebindings -l app=istio-reader -o yaml'),
  }
}

const endsSoon = ({ cluster, where, again }: Entry, { what, at }: { what: string; at: number }): Finding => ({
  code: 'MP-692',
  where,
  evidence: [`the ${what} for ${cluster.name} ends in ${span(at - Date.now())}, at ${moment(at)}`],
  clusters: [cluster.name],
  fix: again,
})

const notAccepted = (
  { cluster, where, again }: Entry,
  end: { what: string; at: number } | undefined,
  reasons: string[],
): Finding => {
  const ended = end !== undefined && end.at <= Date.now()
  return {
    code: 'MP-865',
    where,
    ...(ended ? { cause: `a remote secret’s ${end.what} has ended` } : {}),
    evidence: [
      ended
        ? `the ${end.what} ended ${span(Date.now() - end.at)} ago, at ${moment(end.at)}`
        : `${cluster.name}’s API server answers 401 to the secret’s user`,
      ...reasons,
    ],
    clusters: [cluster.name],
    fix: again,
  }
}

const moment = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`

/** What of a token’s owner is not there any more. */
const reasonsOfRefusal = async ({ access: { credentials }, cluster }: Entry): Promise<string[]> => {
  if (isEmpty(credentials)) return ['the secret holds no token, certificate or password']
  const owner = ownerOf(credentials)
  if (!owner) return []
  const { namespace, account, accountId, secret } = owner
  const found = await cluster.kube
    .get<V1ServiceAccount>({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: account })
    .catch(() => 'unread' as const)
  const called = `its service account ${namespace}/${account}`
  if (found === 'unread') return [`it is of ${called}`]
  if (found === undefined) return [`${called} does not exist in ${cluster.name}`]
  if (accountId !== undefined && found.metadata?.uid !== undefined && found.metadata.uid !== accountId)
    return [`${called} was created again since, or is another cluster’s`]
  const secrets = secret === undefined ? [] : await cluster.reads.secrets().catch(() => [])
  const isThere = secrets.some(({ metadata }) => metadata?.name === secret && metadata?.namespace === namespace)
  return secrets.length > 0 && secret !== undefined && !isThere
    ? [`the secret ${namespace}/${secret} that made the token is gone`]
    : [`it is of ${called}, which exists`]
}

const isEmpty = (credentials: RemoteCredentials): boolean => Object.keys(credentials).length === 0
