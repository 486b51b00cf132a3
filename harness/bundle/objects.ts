import { ApisApi, CustomObjectsApi, type CoreV1Event, type V1Secret } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import type { KubeClient, Manifest } from '../kube/client.ts'
import { eventLines, podLines } from './lines.ts'
import type { Piece, Source } from './piece.ts'
import { described } from './secrets.ts'

type Kind = { apiVersion: string; kind: string }

const builtIn: Kind[] = [
  ...['Node', 'Namespace', 'Service', 'ConfigMap', 'ServiceAccount'].map((kind) => ({ apiVersion: 'v1', kind })),
  ...['Deployment', 'DaemonSet'].map((kind) => ({ apiVersion: 'apps/v1', kind })),
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map((kind) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind })),
  { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
]

/** The kinds that Istio, the Gateway API and the load balancer have added to a cluster, each in one of its versions. */
export const addedKinds = async ({ config }: KubeClient): Promise<Kind[]> => {
  const { groups } = await config.makeApiClient(ApisApi).getAPIVersions()
  const custom = config.makeApiClient(CustomObjectsApi)
  const wanted = groups.filter(({ name }) => /(^|\.)(istio|metallb)\.io$|^gateway\.networking\.k8s\.io$/.test(name))
  const kinds = await Promise.all(wanted.flatMap(({ name: group, versions }) => versions.map(async ({ version }) => {
    const { resources } = await custom.getAPIResources({ group, version })
    return resources.filter(({ name }) => !name.includes('/')).map(({ kind }) => ({ apiVersion: `${group}/${version}`, kind }))
  })))
  return [...new Map(kinds.flat().toReversed().map((kind) => [fileOf(kind), kind])).values()]
}

/** A cluster’s objects: one file a kind, the secrets without their values, and the events as lines. */
export const objectPieces = ({ kube, pods }: Source, secrets: V1Secret[], added: Kind[]): Piece[] => [
  { file: 'events.txt', read: async () => eventLines(await kube.list<CoreV1Event>({ apiVersion: 'v1', kind: 'Event' })) },
  { file: 'pods.txt', read: async () => podLines(pods) },
  { file: 'objects/Pod.yaml', read: async () => listed(pods.map((pod) => presentable({ apiVersion: 'v1', kind: 'Pod' }, pod as Manifest))) },
  { file: 'objects/Secret.yaml', read: async () => listed(secrets.map(described)) },
  ...[...builtIn, ...added].map((kind): Piece => ({ file: fileOf(kind), read: async () => listed((await kube.list<Manifest>(kind)).map((object) => presentable(kind, object))) })),
]

// Istio and the Gateway API both have a Gateway.
const fileOf = ({ apiVersion, kind }: Kind): string => `objects/${[kind, ...apiVersion.split('/').slice(0, -1)].join('.')}.yaml`

const listed = (objects: object[]): string => (objects.length === 0 ? '' : stringify(objects, { aliasDuplicateObjects: false }))

/** An object without what the server notes down for itself; what was applied last would tell everything once more. */
const presentable = (kind: Kind, object: Manifest): object => {
  const { metadata } = object
  delete metadata?.managedFields
  delete metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration']
  return { ...kind, metadata, ...object, ...kind }
}
