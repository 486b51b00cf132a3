import type { V1Pod } from '@kubernetes/client-node'
import type { AccessLine } from '#probes/envoy.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { policiesFor } from './authorization.ts'
import { readyPodIn } from './clients.ts'
import { filtersInWords } from './envoy-filters.ts'
import { findings as known, type FindingCode } from './findings.ts'
import { ifAsked, kubectl, servedBy, type Finding, type Judged } from './layer.ts'
import { placeOf } from './places.ts'
import type { RequestAccount } from './request-account.ts'
import { unheardServer } from './unheard.ts'

/** A proxy that answered for itself, or whose server did, and what it wrote. */
type Answered = { cluster: string; namespace: string; selector: string; line: AccessLine; account: RequestAccount }

/** How Envoy names, in the details of a response, who ended a request and why. The first pattern that fits counts. */
type Ending = { fits: RegExp; code: FindingCode; cause?: (detail: string) => string }

const filters = /^(?:lua_response|local_rate_limited|request_rate_limited|ext_authz|wasm|ext_proc)/

const atClient: Ending[] = [
  { fits: /^route_not_found/, code: 'MP-997' },
  { fits: /^(?:response_timeout|request_overall_timeout|upstream_max_stream_duration)/, code: 'MP-998' },
  {
    fits: /overflow/,
    code: 'MP-998',
    cause: () => 'a DestinationRule’s connection pool is smaller than what clients send',
  },
  { fits: /protocol_error/, code: 'MP-918' },
  { fits: /^direct_response/, code: 'MP-994' },
  { fits: /^fault_filter_abort/, code: 'MP-992' },
  { fits: filters, code: 'MP-984' },
]

const atServer: Ending[] = [
  {
    fits: /^rbac_access_denied_matched_policy/,
    code: 'MP-905',
    cause: (detail) => {
      const [, namespace, name] = /ns\[([^\]]+)\]-policy\[([^\]]+)\]/.exec(detail) ?? []
      return namespace === undefined || name === undefined
        ? 'no AuthorizationPolicy of a service lets requests of its clients in'
        : `AuthorizationPolicy ${namespace}/${name} refuses requests of a service’s clients`
    },
  },
  {
    fits: /^jwt_authn/,
    code: 'MP-905',
    cause: () => 'a RequestAuthentication refuses requests of a service’s clients',
  },
  { fits: /protocol_error/, code: 'MP-918' },
  { fits: filters, code: 'MP-909' },
  {
    fits: /^downstream_remote_disconnect/,
    code: 'MP-904',
    cause: () => 'a service’s own program takes requests and does not answer them',
  },
  { fits: /^via_upstream/, code: 'MP-904' },
]

/** The codes that answers can show, where nothing that was read does. */
export const shownByAnswers: ReadonlySet<FindingCode> = new Set(
  [...atClient, ...atServer].map(({ code }) => code).concat('MP-927', 'MP-961', 'MP-981', 'MP-982'),
)

/** Lines of a request that got no 200. */
const failed = ({ status }: AccessLine): boolean => Number(status) !== 200

/**
 * The findings that what became of requests shows, each added to the layer where they end. Layers that were not judged
 * stay as they are.
 */
export const addAnswers = async (
  judged: readonly Judged[],
  mesh: Survey,
  accounts: readonly RequestAccount[],
): Promise<Judged[]> => {
  const answered = accounts.flatMap((account): (Answered & { ending: Ending })[] => {
    const { from, client } = account
    const own = client.lines.filter(failed).flatMap((line) => {
      const ending = atClient.find(({ fits }) => fits.test(line.details ?? ''))
      return ending ? [{ ...client, cluster: from, line, account, ending }] : []
    })
    const theirs = account.servers.flatMap((server) =>
      server.lines.filter(failed).flatMap((line) => {
        const ending = atServer.find(({ fits }) => fits.test(line.details ?? ''))
        return ending ? [{ ...server, line, account, ending }] : []
      }),
    )
    return [...own, ...theirs]
  })
  const first = new Map(
    answered
      .toReversed()
      .map((answer) => [`${answer.ending.code} ${answer.cluster} ${answer.line.details ?? ''}`, answer] as const),
  )
  const found = [
    ...accounts.flatMap((account) => aroundSidecar(mesh, account)),
    ...(await Promise.all(accounts.map((account) => ifAsked(unheardServer(mesh, account))))).flat(),
    ...(await Promise.all(
      [...first.values()].toReversed().map(async (answer) => findingOf(mesh, answer, answer.ending)),
    )),
  ]
  return judged.map((look) => {
    if ('unseen' in look) return look
    const codes = look.findings.map(({ code }) => code)
    const added = found.filter(({ code }) => known[code].layer === look.layer && !codes.includes(code))
    return added.length === 0 ? look : { ...look, findings: [...look.findings, ...added] }
  })
}

/** A client whose requests arrive, answered or refused as plaintext, and whose proxy has seen none of them. */
const aroundSidecar = (mesh: Survey, { from, host, answered, client, servers }: RequestAccount): Finding[] => {
  const cluster = mesh.clusters.find(({ name }) => name === from)
  const refused = servers.some(({ lines }) => lines.some(({ details }) => details === 'filter_chain_not_found'))
  if (!cluster || client.lines.length > 0 || (answered === 0 && !refused)) return []
  return [
    {
      code: 'MP-981',
      where: `${host} for clients of ${from}`,
      evidence: [
        `${client.namespace} (${client.selector}) sent requests, and its proxy saw none`,
        answered > 0 ? `${answered} of them were answered` : 'a server’s proxy refused them as plaintext',
      ],
      fix: kubectl(cluster, `-n ${client.namespace} get pods -l ${client.selector} -o yaml`),
      clusters: [from],
    },
  ]
}

const findingOf = async (mesh: Survey, answer: Answered, { code, cause }: Ending): Promise<Finding> => {
  const { account, line } = answer
  const cluster = mesh.clusters.find(({ name }) => name === answer.cluster)
  const reader = cluster && servedBy(mesh, cluster)
  const isServer = account.servers.some(({ lines }) => lines.includes(line))
  const pod = cluster && (await readyPodIn(cluster, answer))
  const detail = line.details ?? ''
  const seen = line.path ?? ''
  return {
    code,
    ...(cause ? { cause: cause(detail) } : {}),
    where: `${account.host} ${isServer ? 'in' : 'for clients of'} ${answer.cluster}`,
    evidence: [
      `requests for ${account.path} from ${account.from} got status ${line.status ?? 0}`,
      `the proxy of ${answer.namespace}/${pod?.metadata?.name ?? answer.selector} says why: ${detail}` +
        (line.flags && line.flags !== '-' ? ` (flags ${line.flags})` : ''),
      ...(isServer && seen !== '' && seen.split('?')[0] !== account.path
        ? [`the server was asked for ${seen}: a route rewrites it`]
        : []),
      ...(reader && pod ? await makersOf(reader, pod, code, account.host) : []),
    ],
    fix: commandFor(code, reader ?? cluster ?? mesh.clusters[0], answer),
    clusters: [answer.cluster],
  }
}

/** Which objects of users can have made what a proxy did, in words. */
const makersOf = async (reader: SurveyedCluster, pod: V1Pod, code: FindingCode, host: string): Promise<string[]> => {
  if (code === 'MP-905') {
    const names = (await policiesFor(reader, pod)).map(({ namespace, name }) => `${namespace}/${name}`)
    return names.length === 0 ? [] : [`AuthorizationPolicies that select the server: ${names.join(', ')}`]
  }
  if (code === 'MP-909' || code === 'MP-984') return filtersInWords(reader, pod)
  if (code === 'MP-904' || code === 'MP-997' || code === 'MP-998') {
    const rules = await Promise.all(
      (['VirtualService', 'DestinationRule'] as const).map(async (kind) =>
        (await reader.reads.istio(kind))
          .filter((object) => JSON.stringify(object['spec'] ?? {}).includes(host.split('.')[0] ?? host))
          .map((object) => `${kind} ${placeOf(object)}`),
      ),
    )
    return rules.flat().length === 0 ? [] : [`rules for the service: ${rules.flat().join(', ')}`]
  }
  return []
}

const commandFor = (code: FindingCode, cluster: SurveyedCluster | undefined, { namespace }: Answered): string => {
  if (!cluster) return ''
  const kinds: Partial<Record<FindingCode, string>> = {
    'MP-905': 'authorizationpolicies,requestauthentications',
    'MP-909': 'envoyfilters,wasmplugins',
    'MP-984': 'envoyfilters,wasmplugins',
    'MP-918': 'services',
  }
  return kubectl(cluster, `-n ${namespace} get ${kinds[code] ?? 'virtualservices,destinationrules'} -o yaml`)
}
