import type { Survey, SurveyedCluster } from '#survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import type { MeshProbe } from './probe.ts'
import type { FindingCode, MeshLayer } from './findings.ts'

/** One thing that is wrong, where it is, what shows it (in lines, without secrets), and the command that mends it or looks further. */
export type Finding = { code: FindingCode; where: string; evidence: string[]; fix: string }

/** What a look at one layer came to; `seen` says in few words what it rests on when nothing is wrong. */
export type Look = { findings: Finding[]; seen: string }

/**
 * One layer of an existing mesh. It reads alone; `probe` is there when pods may be made. What it cannot read it throws: then the
 * layer is not judged.
 */
export type Layer = { name: MeshLayer; look: (mesh: Survey, probe: MeshProbe | undefined) => Promise<Look> }

/** A kubectl command for a cluster. */
export const kubectl = ({ context }: SurveyedCluster, command: string): string => `kubectl --context=${context} ${command}`

/** The cluster whose control plane serves a cluster: its own, for a remote the first there is. */
export const servedBy = (mesh: Survey, cluster: SurveyedCluster): SurveyedCluster | undefined => (cluster.role === 'primary' ? cluster : primariesOf(mesh)[0])

/** True where clusters are on more than one network. */
export const severalNetworks = ({ clusters }: Survey): boolean => new Set(clusters.map(({ network }) => network)).size > 1
