import type { V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from '../kube/client.ts'

/** One file of a bundle, by its path within the cluster’s folder, and how its content is had. */
export type Piece = { file: string; read: () => Promise<string> }

/** A cluster that answers, and its pods. */
export type Source = { kube: KubeClient; pods: V1Pod[] }

/** Where a piece waits for one answer, in milliseconds: a bundle is made of many. */
export const patience = 10_000
