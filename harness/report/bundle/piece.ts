import type { KubernetesObject, V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from '#kube/client.ts'

/** One file of a bundle, by its path within the cluster’s folder, and how its content is read. */
export type Piece = { file: string; read: () => Promise<string> }

/** A kind of object, and whether its objects are in namespaces. */
export type Kind = { apiVersion: string; kind: string; namespaced: boolean }

/**
 * A cluster that answers, its pods, and its objects of a kind: of an existing cluster only those of some namespaces.
 */
export type Source = { kube: KubeClient; pods: V1Pod[]; list: <T extends KubernetesObject>(kind: Kind) => Promise<T[]> }

/** How long a piece waits for one answer, in milliseconds. A bundle has many pieces. */
export const patience = 10_000
