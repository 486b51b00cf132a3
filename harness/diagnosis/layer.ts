import { setTimeout as sleep } from 'node:timers/promises'
import { MeshproofError } from '#errors.ts'
import { shellWord } from '#results/text.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import type { FindingCode } from './findings.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import type { Answer } from './probe-answer.ts'
import type { Answers } from './probe-rounds.ts'

/**
 * One thing that is wrong, where it is, what shows it (in lines, without secrets), and the command that mends it or
 * looks further. `clusters` are those it is about; default: those that `where` and the evidence name. `cause` replaces
 * the code’s own words where the reason is known more precisely, and then it is no symptom. `beneath` says that all
 * else in its clusters stands on it, as on a node: it explains what lower layers find as well.
 */
export type Finding = {
  code: FindingCode
  where: string
  evidence: string[]
  fix: string
  clusters?: string[]
  cause?: string
  beneath?: true
}

/**
 * What a look at one layer came to. `seen` says in few words what it rests on when nothing is wrong; `notes` are what
 * could not be looked at, or was sampled.
 */
export type Look = { findings: Finding[]; seen: string; notes?: string[] }

/** What a layer came to, or why it could not be looked at. */
export type Judged = { layer: MeshLayer } & (Look | { unseen: string })

/**
 * One layer of an existing mesh. It only reads; `probe` is given when pods may be created. It throws where it cannot
 * read, and then the layer is not judged.
 */
export type Layer = { name: MeshLayer; look: (mesh: Survey, probe: MeshProbe | undefined) => Promise<Look> }

/** An istioctl command for a cluster. */
export const istioctl = ({ context }: SurveyedCluster, command: string): string =>
  `istioctl --context=${shellWord(context)} ${command}`

/** A kubectl command for a cluster. */
export const kubectl = ({ context }: Pick<SurveyedCluster, 'context'>, command: string): string =>
  `kubectl --context=${shellWord(context)} ${command}`

/** The cluster whose control plane serves a cluster: its own, for a remote the first there is. */
export const servedBy = (mesh: Survey, cluster: SurveyedCluster): SurveyedCluster | undefined =>
  cluster.role === 'primary' ? cluster : primariesOf(mesh)[0]

/**
 * Repeats a look while it finds something: `times` times at most, with a pause of so many milliseconds before each. A
 * difference that disappears, as when a pod comes or goes, does not count.
 */
export const again = async (look: () => Promise<Finding[]>, times: number, pause: number): Promise<Finding[]> => {
  let found = await look()
  for (let looked = 0; looked < times && found.length > 0; looked += 1) {
    await sleep(pause)
    found = await look()
  }
  return found
}

/** What a question finds; nothing where it cannot be asked, since then nothing is known. */
export const ifAsked = (findings: Promise<Finding[]>): Promise<Finding[]> =>
  findings.catch((error: unknown) => {
    if (error instanceof MeshproofError) return []
    throw error
  })

/**
 * Requests from one cluster to another, each on a new connection: how many were answered, and what the others got.
 * `refusal` is the answer to one that failed, where the client could read it.
 */
export type Asked = Answers & {
  from: SurveyedCluster
  to: SurveyedCluster
  refusal?: Answer
}

/** What a layer may do where pods may be created: in one labelled namespace per cluster, which `close` deletes. */
export type MeshProbe = {
  /**
   * Where a pod in a new namespace would not get a sidecar, or would not start with it. It is asked of the API server
   * without making one.
   */
  newPods: () => Promise<Finding[]>
  /**
   * Sends requests from every cluster to every cluster. @throws MeshproofError MP-401 when a pod of it does not become
   * ready, MP-148 where gateways would not pass its requests on, MP-602 where the silence of a service is only
   * slowness.
   */
  requests: () => Promise<Asked[]>
  close: () => Promise<void>
}
