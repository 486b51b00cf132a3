import type { Expected, Stage } from '#checks/target.ts'
import { inPlace } from '#commands/upgrade/phases/strategies/in-place.ts'
import { hasGateway, type Replacement } from '#commands/upgrade/phases/strategies/replacement.ts'
import { byRevision } from '#commands/upgrade/phases/strategies/revision.ts'
import type { UpgradeLab, UpgradePhase } from '#commands/upgrade/upgrade-phase.ts'
import { clustersByRole, step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf, revisionOf } from '#istio/revision.ts'
import { restart } from '#kube/roll-out.ts'
import type { Lab } from '#lab/lab.ts'
import { caRotation } from '#operations/ca-rotation.ts'
import { rotateRemoteSecret } from '#operations/rotate-remote-secret.ts'
import type { Upgrade } from '#results/results.ts'

/** The optional phases of an upgrade: P10 with `rotateCa`, P11 with `rollback`. */
export type PhaseOptions = { rotateCa: boolean; rollback: boolean }

/** A phase, and its changes to the stage before it. */
type Change = Omit<UpgradePhase, 'after'> & Partial<Pick<Stage, 'controlPlanes' | 'workloads' | 'gateways'>>

const replacements = { 'in-place': inPlace, revision: byRevision }

/**
 * The phases of an upgrade after its baseline, P2 to P11 (facts of upgrades). The first cluster is upgraded completely,
 * then the other clusters: in between, the mesh runs two releases. In P5 remote clusters get their configuration. A
 * mesh without gateways has neither P4 nor P7; `leftOut` says so. Nor has one whose gateways istiod makes, where istiod
 * is replaced in place: they follow it in P2 and P5.
 */
export const phasesOf = (upgrade: UpgradeLab, options: PhaseOptions): UpgradePhase[] => {
  const { from, to, strategy } = upgrade
  const { topology } = to
  const replace = replacements[strategy](from, to)
  const [first = '', ...rest] = to.clusters.map(({ name }) => name)
  const { primaries } = clustersByRole(topology)
  const [oldRelease, newRelease] = [releaseOf(from), releaseOf(to)]
  const valueFor = <T>(clusters: string[], value: T): Record<string, T> =>
    Object.fromEntries(clusters.map((cluster) => [cluster, value]))
  const following = (clusters: string[]): string[] => clusters.filter(replace.gatewayFollows)
  const withGateway = (clusters: string[]): string[] =>
    clusters.filter((cluster) => hasGateway(to, cluster) && !replace.gatewayFollows(cluster))
  // With its istiod a gateway is replaced that requests pass, so the phase is judged as one of gateways.
  const replacing = (clusters: string[], name: string): Pick<Change, 'name' | 'kind' | 'gateways'> =>
    following(clusters).length === 0
      ? { name, kind: 'control-plane' }
      : {
          name: `${name}, and the gateway that it makes`,
          kind: 'gateways',
          gateways: valueFor(following(clusters), newRelease),
        }
  const primary = (clusters: string[]): string[] => clusters.filter((cluster) => primaries.includes(cluster))
  const duringReplacement = strategy === 'in-place' ? [newRelease] : [oldRelease, newRelease]
  const allClusters = [first, ...rest]
  const joined = (clusters: string[]): string => clusters.join(' and ')

  const changes: Change[] = [
    {
      id: 'P2',
      ...replacing([first], `${first}: istiod`),
      steps: replace.controlPlane(first),
      controlPlanes: valueFor([first], duringReplacement),
    },
    {
      id: 'P3',
      name: `${first}: workloads`,
      kind: 'workloads',
      steps: replace.workloads(first),
      workloads: valueFor([first], newRelease),
    },
    {
      id: 'P4',
      name: `${first}: gateway`,
      kind: 'gateways',
      steps: withGateway([first]).flatMap(replace.gateway),
      gateways: valueFor(withGateway([first]), newRelease),
    },
    {
      id: 'P5',
      ...replacing(rest, `${joined(rest)}: ${primary(rest).length > 0 ? 'istiod' : 'remote configuration'}`),
      steps: rest.flatMap(replace.controlPlane),
      controlPlanes: valueFor(primary(rest), duringReplacement),
    },
    {
      id: 'P6',
      name: `${joined(rest)}: workloads`,
      kind: 'workloads',
      steps: rest.flatMap(replace.workloads),
      workloads: valueFor(rest, newRelease),
    },
    {
      id: 'P7',
      name: `${joined(rest)}: gateway`,
      kind: 'gateways',
      steps: withGateway(rest).flatMap(replace.gateway),
      gateways: valueFor(withGateway(rest), newRelease),
    },
    {
      id: 'P8',
      name: strategy === 'in-place' ? 'nothing of the old release remains' : 'default tag moved, old revision removed',
      kind: 'removal',
      steps: replace.removal,
      controlPlanes: valueFor(primaries, [newRelease]),
    },
    { id: 'P9', name: 'remote secrets rotated, istiod restarted', kind: 'secrets', steps: secretsRotated(to) },
    {
      id: 'P10',
      name: 'CA rotated',
      kind: 'trust',
      steps: options.rotateCa ? caRotation().map(({ name, run }) => step(name, (_, signal) => run(to, signal))) : [],
    },
    {
      id: 'P11',
      name: 'rollback',
      kind: 'rollback',
      steps: options.rollback ? backTo(from, replacements[strategy](to, from)) : [],
      controlPlanes: valueFor(primaries, [oldRelease]),
      workloads: valueFor(allClusters, oldRelease),
      gateways: valueFor([...withGateway(allClusters), ...following(allClusters)], oldRelease),
    },
  ]
  const planned = changes.filter(({ steps }) => steps.length > 0)
  let stage: Stage = baselineOf(upgrade)
  return planned.map(({ controlPlanes, workloads, gateways, ...phase }) => {
    stage = {
      ...stage,
      controlPlanes: { ...stage.controlPlanes, ...controlPlanes },
      workloads: { ...stage.workloads, ...workloads },
      gateways: { ...stage.gateways, ...gateways },
    }
    return { ...phase, after: { ...stage, phase: phase.id } }
  })
}

/** The stage of a mesh before the upgrade changes anything. */
export const baselineOf = ({ from }: Pick<UpgradeLab, 'from'>): Stage => {
  const oldRelease = releaseOf(from)
  const oldReleaseIn = (clusters: string[]): Record<string, Expected> =>
    Object.fromEntries(clusters.map((cluster) => [cluster, oldRelease]))
  const names = from.clusters.map(({ name }) => name)
  return {
    phase: 'P1',
    controlPlanes: Object.fromEntries(
      from.clusters.map(({ name, role }) => [name, role === 'primary' ? [oldRelease] : []]),
    ),
    workloads: oldReleaseIn(names),
    gateways: oldReleaseIn(names.filter((cluster) => hasGateway(from, cluster))),
    gatewayReplicas: from.topology.gatewayReplicas ?? 1,
  }
}

/** The phases that an upgrade leaves out, and why: they have no steps, or the options do not ask for them. */
export const leftOut = (upgrade: UpgradeLab, { rotateCa, rollback }: PhaseOptions): Upgrade['leftOut'] => [
  ...withoutGatewayPhase(upgrade),
  ...(rotateCa ? [] : [{ phase: 'P10' as const, why: 'no --rotate-ca' }]),
  ...(rollback ? [] : [{ phase: 'P11' as const, why: 'no --rollback' }]),
]

const withoutGatewayPhase = ({ from, to, strategy }: UpgradeLab): Upgrade['leftOut'] => {
  const names = to.clusters.map(({ name }) => name)
  if (!names.some((name) => hasGateway(to, name)))
    return (['P4', 'P7'] as const).map((phase) => ({
      phase,
      why: 'the clusters are on one network: there is no gateway',
    }))
  const { gatewayFollows } = replacements[strategy](from, to)
  const phases = [
    { phase: 'P4', clusters: names.slice(0, 1), before: 'P2' },
    { phase: 'P7', clusters: names.slice(1), before: 'P5' },
  ] as const
  return phases.flatMap(({ phase, clusters, before }) =>
    clusters.every(gatewayFollows)
      ? [{ phase, why: `a Gateway’s deployment follows its istiod, which was replaced in ${before}` }]
      : [],
  )
}

const releaseOf = ({ images, topology }: Lab): Expected => ({
  istio: images.roles['tag'] ?? '',
  envoy: images.envoy,
  revision: revisionOf(topology),
})

/**
 * Gives every control plane that watches another cluster new credentials, and restarts each istiod (istio/istio#61043,
 * #60612, #38988).
 */
const secretsRotated = (lab: Lab): Step[] => {
  const { primaries } = clustersByRole(lab.topology)
  const { follow } = procedures[lab.topology.procedure]
  const watched = lab.clusters.filter(({ role }) => role === 'remote' || primaries.length > 1)
  return [
    ...watched.map((cluster) =>
      step(`${cluster.name}: remote secret rotated`, (_, signal) => rotateRemoteSecret(lab, cluster, signal)),
    ),
    ...lab.primaries.map((cluster) =>
      step(`${cluster.name}: istiod restarted`, (_, signal) =>
        restart(cluster, [{ namespace: cluster.istioNamespace, name: istiodOf(lab.topology) }], signal),
      ),
    ),
    ...(follow ? [step(`${lab.primary.name}: istiod’s address followed`, (_, signal) => follow(lab, signal))] : []),
  ]
}

/**
 * Rolls back from the state of P8 or later. The other clusters go first, which leaves the mesh as after P4. Then the
 * first cluster goes. A control plane that serves remote clusters goes before them.
 */
const backTo = (from: Lab, replace: Replacement): Step[] => {
  const { primaries } = clustersByRole(from.topology)
  const [first = '', ...rest] = from.clusters.map(({ name }) => name)
  const whole = (cluster: string): Step[] => [...replace.workloads(cluster), ...replace.gateway(cluster)]
  const shared = primaries.length < from.clusters.length
  return [
    ...(shared ? replace.controlPlane(first) : []),
    ...rest.flatMap((cluster) => [...replace.controlPlane(cluster), ...whole(cluster)]),
    ...(shared ? [] : replace.controlPlane(first)),
    ...whole(first),
    ...replace.removal,
  ]
}
