import type { Expected, Stage } from '#checks/target.ts'
import { inPlace } from '#commands/upgrade/phases/strategies/in-place.ts'
import { hasGateway, type Replacement } from '#commands/upgrade/phases/strategies/replacement.ts'
import { byRevision } from '#commands/upgrade/phases/strategies/revision.ts'
import type { UpgradeLab, UpgradePhase } from '#commands/upgrade/upgrade-phase.ts'
import { rolesOf, step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf, revisionOf } from '#istio/revision.ts'
import { restart } from '#kube/roll-out.ts'
import type { Lab } from '#lab/lab.ts'
import { caRotation } from '#operations/ca-rotation.ts'
import { rotateRemoteSecret } from '#operations/rotate-remote-secret.ts'
import type { Upgrade } from '#results/results.ts'

/** What an upgrade does beyond P9. */
export type PhaseOptions = { rotateCa: boolean; rollback: boolean }

/** A phase, and what it changes of the stage before it. */
type Change = Omit<UpgradePhase, 'after'> & Partial<Pick<Stage, 'controlPlanes' | 'workloads' | 'gateways'>>

const replacements = { 'in-place': inPlace, revision: byRevision }

/**
 * The phases of an upgrade after its baseline, P2 to P11 (facts of upgrades): the first cluster whole, then the others
 * whole, so that between the two the mesh is half of one release and half of the other. P5 is also where remote
 * clusters get their configuration. A mesh without gateways has no P4 and no P7; `leftOut` says so.
 */
export const phasesOf = (upgrade: UpgradeLab, options: PhaseOptions): UpgradePhase[] => {
  const { from, to, strategy } = upgrade
  const { topology } = to
  const replace = replacements[strategy](from, to)
  const [first = '', ...others] = to.clusters.map(({ name }) => name)
  const { primaries } = rolesOf(topology)
  const [was, is] = [releaseOf(from), releaseOf(to)]
  const each = <T>(clusters: string[], value: T): Record<string, T> =>
    Object.fromEntries(clusters.map((cluster) => [cluster, value]))
  const withGateway = (clusters: string[]): string[] => clusters.filter((cluster) => hasGateway(to, cluster))
  const primary = (clusters: string[]): string[] => clusters.filter((cluster) => primaries.includes(cluster))
  const meanwhile = strategy === 'in-place' ? [is] : [was, is]
  const all = [first, ...others]
  const of = (clusters: string[]): string => clusters.join(' and ')

  const changes: Change[] = [
    {
      id: 'P2',
      name: `${first}: istiod`,
      kind: 'control-plane',
      steps: replace.controlPlane(first),
      controlPlanes: each([first], meanwhile),
    },
    {
      id: 'P3',
      name: `${first}: workloads`,
      kind: 'workloads',
      steps: replace.workloads(first),
      workloads: each([first], is),
    },
    {
      id: 'P4',
      name: `${first}: gateway`,
      kind: 'gateways',
      steps: withGateway([first]).flatMap(replace.gateway),
      gateways: each(withGateway([first]), is),
    },
    {
      id: 'P5',
      name: `${of(others)}: ${primary(others).length > 0 ? 'istiod' : 'remote configuration'}`,
      kind: 'control-plane',
      steps: others.flatMap(replace.controlPlane),
      controlPlanes: each(primary(others), meanwhile),
    },
    {
      id: 'P6',
      name: `${of(others)}: workloads`,
      kind: 'workloads',
      steps: others.flatMap(replace.workloads),
      workloads: each(others, is),
    },
    {
      id: 'P7',
      name: `${of(others)}: gateway`,
      kind: 'gateways',
      steps: withGateway(others).flatMap(replace.gateway),
      gateways: each(withGateway(others), is),
    },
    {
      id: 'P8',
      name: strategy === 'in-place' ? 'nothing left of the release before' : 'default tag moved, old revision removed',
      kind: 'removal',
      steps: replace.removal,
      controlPlanes: each(primaries, [is]),
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
      controlPlanes: each(primaries, [was]),
      workloads: each(all, was),
      gateways: each(withGateway(all), was),
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

/** What holds before anything is changed. */
export const baselineOf = ({ from }: Pick<UpgradeLab, 'from'>): Stage => {
  const was = releaseOf(from)
  const of = (clusters: string[]): Record<string, Expected> =>
    Object.fromEntries(clusters.map((cluster) => [cluster, was]))
  const names = from.clusters.map(({ name }) => name)
  return {
    phase: 'P1',
    controlPlanes: Object.fromEntries(from.clusters.map(({ name, role }) => [name, role === 'primary' ? [was] : []])),
    workloads: of(names),
    gateways: of(names.filter((cluster) => hasGateway(from, cluster))),
    gatewayReplicas: from.topology.gatewayReplicas ?? 1,
  }
}

/** Why phases are not among those of an upgrade: there is nothing to do in them, or nobody asked. */
export const leftOut = ({ to }: UpgradeLab, { rotateCa, rollback }: PhaseOptions): Upgrade['leftOut'] => [
  ...(to.clusters.some(({ name }) => hasGateway(to, name))
    ? []
    : (['P4', 'P7'] as const).map((phase) => ({ phase, why: 'the clusters are on one network: there is no gateway' }))),
  ...(rotateCa ? [] : [{ phase: 'P10' as const, why: 'no --rotate-ca' }]),
  ...(rollback ? [] : [{ phase: 'P11' as const, why: 'no --rollback' }]),
]

const releaseOf = ({ images, topology }: Lab): Expected => ({
  istio: images.roles['tag'] ?? '',
  envoy: images.envoy,
  revision: revisionOf(topology),
})

/**
 * New credentials for every control plane that watches another cluster, and each istiod restarted with them
 * (istio/istio#61043, #60612, #38988).
 */
const secretsRotated = (lab: Lab): Step[] => {
  const { primaries } = rolesOf(lab.topology)
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
 * Back the way it came, from the state of P8 or later: the other clusters first, which leaves the mesh as it was after
 * P4, and from there the first cluster. One pass thus rolls back from both. A control plane that serves remote clusters
 * goes back before them.
 */
const backTo = (from: Lab, replace: Replacement): Step[] => {
  const { primaries } = rolesOf(from.topology)
  const [first = '', ...others] = from.clusters.map(({ name }) => name)
  const whole = (cluster: string): Step[] => [...replace.workloads(cluster), ...replace.gateway(cluster)]
  const shared = primaries.length < from.clusters.length
  return [
    ...(shared ? replace.controlPlane(first) : []),
    ...others.flatMap((cluster) => [...replace.controlPlane(cluster), ...whole(cluster)]),
    ...(shared ? [] : replace.controlPlane(first)),
    ...whole(first),
    ...replace.removal,
  ]
}
