import type { CoreV1Event, V1Secret } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { eventLines, podLines } from './lines.ts'
import type { Kind, Piece, Source } from './piece.ts'
import { described } from './secrets.ts'
import { kubernetes } from '#kube/library.ts'

const of = (namespaced: boolean, apiVersion: string, ...kinds: string[]): Kind[] =>
  kinds.map((kind) => ({ apiVersion, kind, namespaced }))

const builtIn: Kind[] = [
  ...of(false, 'v1', 'Node', 'Namespace'),
  ...of(false, 'admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'),
  ...of(true, 'v1', 'Service', 'ConfigMap', 'ServiceAccount'),
  ...of(true, 'apps/v1', 'Deployment', 'DaemonSet'),
  ...of(true, 'discovery.k8s.io/v1', 'EndpointSlice'),
  ...of(true, 'networking.k8s.io/v1', 'NetworkPolicy'),
]

/** The kinds that Istio, the Gateway API and the load balancer have added to a cluster, each in one of its versions. */
export const addedKinds = async ({ config }: KubeClient): Promise<Kind[]> => {
  const { ApisApi, CustomObjectsApi } = kubernetes()
  const { groups } = await config.makeApiClient(ApisApi).getAPIVersions()
  const custom = config.makeApiClient(CustomObjectsApi)
  const wanted = groups.filter(({ name }) => /(^|\.)(istio|metallb)\.io$|^gateway\.networking\.k8s\.io$/.test(name))
  const kinds = await Promise.all(
    wanted.flatMap(({ name: group, versions }) =>
      versions.map(async ({ version }) => {
        const { resources } = await custom.getAPIResources({ group, version })
        return resources
          .filter(({ name }) => !name.includes('/'))
          .map(({ kind, namespaced }) => ({ apiVersion: `${group}/${version}`, kind, namespaced }))
      }),
    ),
  )
  return [
    ...new Map(
      kinds
        .flat()
        .toReversed()
        .map((kind) => [fileOf(kind), kind]),
    ).values(),
  ]
}

/** A cluster’s objects: one file a kind, the secrets without their values, and the events as lines. */
export const objectPieces = ({ list, pods }: Source, secrets: V1Secret[], added: Kind[]): Piece[] => [
  {
    file: 'events.txt',
    read: async () => eventLines(await list<CoreV1Event>({ apiVersion: 'v1', kind: 'Event', namespaced: true })),
  },
  { file: 'pods.txt', read: async () => podLines(pods) },
  {
    file: 'objects/Pod.yaml',
    read: async () => listed(pods.map((pod) => presentable({ apiVersion: 'v1', kind: 'Pod' }, pod as Manifest))),
  },
  { file: 'objects/Secret.yaml', read: async () => listed(secrets.map(described)) },
  ...[...builtIn, ...added].map((kind): Piece => ({
    file: fileOf(kind),
    read: async () => listed((await list<Manifest>(kind)).map((object) => presentable(kind, object))),
  })),
]

// Istio and the Gateway API both have a Gateway.
const fileOf = ({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): string =>
  `objects/${[kind, ...apiVersion.split('/').slice(0, -1)].join('.')}.yaml`

const listed = (objects: object[]): string =>
  objects.length === 0 ? '' : stringify(objects, { aliasDuplicateObjects: false })

/** An object without the fields that only the API server uses, and without the annotation that repeats it. */
const presentable = ({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>, object: Manifest): object => {
  const { metadata } = object
  delete metadata?.managedFields
  delete metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration']
  return { apiVersion, kind, metadata, ...object }
}
