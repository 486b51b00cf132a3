import pMap from 'p-map'
import type { FindingCode } from '#diagnosis/findings.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import type { Complaint, Trouble } from '#probes/istiod-log.ts'
import { shellWord } from '#results/text.ts'
import { addressOf, isLoopback, type RemoteAccess } from '#istio/remote-kubeconfig.ts'
import { type RemoteEntry, sameAuthority } from '#probes/survey/remote-secrets.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { defaultIstioNamespace } from '#topology/topology-schema.ts'
import { controlPlaneView, type ControlPlaneView } from '#diagnosis/layers/secrets/control-plane-view.ts'
import { authorityOf, tryCredentials, type Entry } from '#diagnosis/layers/secrets/credentials.ts'
import { sharedNames } from '#diagnosis/layers/secrets/names.ts'
import { lookAtServer } from '#diagnosis/layers/secrets/server.ts'

/**
 * Every control plane has a remote secret for every other cluster, under that cluster’s own name (istio/istio#52065),
 * that istiod does not refuse, with a server that its pods reach (istio/istio#31081) and credentials that may do what
 * istiod needs, asked of that cluster now. A secret is somebody else’s text: nothing that it says is run or read.
 */
export const remoteSecrets: Layer = {
  name: 'secrets',
  look: async (mesh) => {
    const views = new Map(
      await Promise.all(primariesOf(mesh).map(async (primary) => [primary, await controlPlaneView(primary)] as const)),
    )
    const pairs = [...views].flatMap(([primary, view]) =>
      mesh.clusters.filter(({ name }) => name !== primary.name).map((cluster) => ({ mesh, primary, view, cluster })),
    )
    const looks = await pMap(pairs, judge, { concurrency: 4 })
    return {
      findings: [...sharedNames(mesh), ...looks.flatMap(({ findings }) => findings)],
      seen: looks
        .flatMap(({ seen }) => seen ?? [])
        .sort()
        .join('; '),
      notes: looks.flatMap(({ notes }) => notes),
    }
  },
}

type Pair = { mesh: Survey; primary: SurveyedCluster; view: ControlPlaneView; cluster: SurveyedCluster }
type Judged = { findings: Finding[]; seen?: string; notes: string[] }

const found = (finding: Omit<Finding, 'clusters'>, { primary, cluster }: Pair): Judged => ({
  findings: [{ ...finding, clusters: [primary.name, cluster.name] }],
  notes: [],
})

/**
 * The command that creates a remote secret again, with the server that it has now: a kubeconfig’s own may be one that
 * istiod’s pods do not reach.
 */
const create = ({ primary, cluster }: Pair, access?: RemoteAccess): string => {
  const server =
    access && !isLoopback(addressOf(access.server).host) ? [`--server=${shellWord(access.server.origin)}`] : []
  const namespace =
    cluster.istioNamespace === defaultIstioNamespace ? [] : [`--istioNamespace=${cluster.istioNamespace}`]
  const flags = [
    `--context=${shellWord(cluster.context)}`,
    ...namespace,
    `--name=${shellWord(cluster.name)}`,
    ...server,
  ]
  return `istioctl create-remote-secret ${flags.join(' ')} | ${kubectl(primary, 'apply -f -')}`
}

const judge = async (pair: Pair): Promise<Judged> => {
  const { primary, cluster, view } = pair
  if (view.fromFiles !== undefined)
    return {
      findings: [],
      notes: [
        `${primary.name} → ${cluster.name}: istiod reads kubeconfigs from files in ${view.fromFiles}, not judged`,
      ],
    }
  const own = view.entries.filter(({ key }) => key === cluster.name)
  const labelled = own.filter((entry) => entry.labelled)
  if (own.length === 0) return withoutEntry(pair)
  const [first] = own
  if (labelled.length === 0 && first)
    return found(
      {
        code: 'MP-868',
        where: `${primary.name} ${first.secret}`,
        evidence: ['the label istio/multiCluster is missing or not true'],
        fix: kubectl(
          primary,
          `-n ${primary.istioNamespace} label --overwrite secret ${first.secret} istio/multiCluster=true`,
        ),
      },
      pair,
    )
  const judged = await pMap(labelled, async (entry) => ({ entry, look: await judgeEntry(pair, entry) }))
  const [only] = judged
  return judged.length === 1 && only ? only.look : severalEntries(pair, judged)
}

/** Nothing under the cluster’s name: none at all, or one under another name. */
const withoutEntry = (pair: Pair): Judged => {
  const { primary, cluster, view } = pair
  const context = cluster.kube.config.getCurrentCluster()
  const authority = context ? authorityOf(context) : undefined
  const misnamed = view.entries.find(({ access }) => access && sameAuthority(access.authority, authority))
  if (misnamed)
    return found(
      {
        code: 'MP-864',
        where: `${primary.name} ${misnamed.secret}`,
        evidence: [
          `the secret’s key is ${misnamed.key}, proxies of that cluster say ${cluster.name}`,
          ...(misnamed.key === primary.name
            ? [`istiod of ${primary.name} ignores it: it would overwrite its own cluster, ${primary.name}`]
            : []),
        ],
        fix: create(pair),
      },
      pair,
    )
  const others = view.entries.map(({ secret, key }) => `${secret} (${key})`).join(', ') || 'no remote secrets'
  return found(
    {
      code: 'MP-861',
      where: primary.name,
      evidence: [`no secret of ${primary.istioNamespace} has a key ${cluster.name}; there are ${others}`],
      fix: create(pair),
    },
    pair,
  )
}

/**
 * Of several secrets with one key istiod takes the first that it reads (“cluster has already been registered”).
 * What is wrong with one that it does not use shows at its next start.
 */
const severalEntries = (pair: Pair, judged: { entry: RemoteEntry; look: Judged }[]): Judged => {
  const { primary, cluster, view } = pair
  const used = view.stateOf(cluster.name)?.secrets ?? []
  const idle = judged.filter(({ entry }) => used.length > 0 && !used.includes(entry.secret))
  const counted = judged.filter((candidate) => !idle.includes(candidate)).map(({ look }) => look)
  const [other] = idle.length > 0 ? idle : judged
  return {
    findings: [
      ...counted.flatMap(({ findings }) => findings),
      {
        code: 'MP-693',
        where: `${primary.name} ${judged.map(({ entry }) => entry.secret).join(', ')}`,
        evidence: [
          `each has the key ${cluster.name}; istiod uses ${used.join(', ') || 'whichever it reads first'}`,
          ...idle.flatMap(({ entry, look: { findings } }) =>
            findings.flatMap(({ code, evidence }) => evidence.map((line) => `${entry.secret}: ${code} ${line}`)),
          ),
        ],
        clusters: [primary.name, cluster.name],
        fix: kubectl(primary, `-n ${primary.istioNamespace} delete secret ${other?.entry.secret ?? ''}`),
      },
    ],
    notes: counted.flatMap(({ notes }) => notes),
  }
}

const judgeEntry = async (pair: Pair, entry: RemoteEntry): Promise<Judged> => {
  const { mesh, primary, cluster, view } = pair
  const where = `${primary.name} ${entry.secret}`
  const again = create(pair, entry.access)
  if (entry.access === undefined)
    return found(
      { code: 'MP-866', where, evidence: [`the value of ${entry.key}: ${entry.malformed}`], fix: again },
      pair,
    )
  const { access } = entry
  const state = view.stateOf(cluster.name)
  const refused = refusalsOf(entry.access, view.allowed, state?.synced)
  if (refused.length > 0)
    return found(
      {
        code: 'MP-869',
        where,
        evidence: [
          ...refused,
          ...(state ? [`in istiod of ${primary.name}, ${cluster.name} is ${state.words}`] : []),
          ...(state?.synced ? ['it was synced by what the secret held before: the next istiod loses it'] : []),
        ],
        fix: again,
      },
      pair,
    )
  const known = { mesh, primary, cluster, access, where, again, readsSecrets: view.readsSecrets }
  const server = await lookAtServer(known, state?.synced)
  if (server.findings.length > 0) return server
  const tried = await tryCredentials(known, server.shaken)
  const notes = [...server.notes, ...(tried.note === undefined ? [] : [tried.note])]
  const problems = tried.findings.length > 0
  if (!problems && state?.synced === false) {
    const complaint = await view.complaint(entry)
    if (complaint) return { ...complained(pair, known, complaint), notes }
  }
  const { host, port } = addressOf(access.server)
  return {
    findings: tried.findings,
    notes,
    ...(tried.seen === undefined
      ? {}
      : { seen: `${primary.name} → ${cluster.name} ${host}:${port} open, ${tried.seen}` }),
  }
}

/** Why istiod refuses a kubeconfig; a file of an authority it may have in its pod, and then the cluster is synced. */
const refusalsOf = (access: RemoteAccess, allowed: string[], synced: boolean | undefined): string[] => [
  ...access.refused
    .filter(({ option }) => !allowed.includes(option))
    .map(({ words }) => `kubeconfig is not allowed: ${words}`),
  ...(access.authorityFile && synced === false
    ? ['certificate-authority names a file, which istiod looks for in its own pod']
    : []),
]

const codeOf: Record<Trouble, FindingCode> = {
  certificate: 'MP-691',
  unauthorized: 'MP-865',
  forbidden: 'MP-867',
  unreachable: 'MP-863',
  refused: 'MP-869',
  malformed: 'MP-866',
  taken: 'MP-864',
}

/** What istiod itself says is the reason, where nothing shows it from here. */
const complained = (pair: Pair, { where, again }: Entry, { kind, words, at }: Complaint): Judged =>
  found(
    {
      code: codeOf[kind],
      where,
      evidence: [`istiod of ${pair.primary.name}, ${at}: ${words}`],
      fix:
        kind === 'unreachable'
          ? kubectl(pair.primary, 'get networkpolicies -A')
          : kind === 'forbidden'
            ? kubectl(pair.cluster, 'get clusterroles,clusterrolebindings -l app=istio-reader -o yaml')
            : again,
    },
    pair,
  )
