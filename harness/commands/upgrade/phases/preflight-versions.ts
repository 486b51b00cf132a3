import type { Strategy } from '#commands/upgrade/upgrade-phase.ts'
import { isWithin, knownMinors, spelled, supportedBy } from '#images/supported-pairs.ts'
import { releaseOf } from '#images/version.ts'
import type { Problem } from './preflight-problem.ts'

/** The two versions of Istio of an upgrade, its strategy, and the Kubernetes version of every cluster. */
export type UpgradeVersions = { from: string; to: string; strategy: Strategy; kubernetes: string[] }

/**
 * How many minor versions a control plane may advance at once: one in place, two by revision (istio.io, “In-place
 * upgrades” and “Canary upgrades”).
 */
const furthest: Record<Strategy, number> = { 'in-place': 1, revision: 2 }

/**
 * The problems of an upgrade that its versions alone show: a downgrade, too many minor versions at once, a Kubernetes
 * version that one of the releases does not support.
 */
export const versionProblems = ({ from, to, strategy, kubernetes }: UpgradeVersions): Problem[] => [
  ...skewProblems(from, to, strategy),
  ...kubernetesProblems([from, to], kubernetes),
]

const skewProblems = (from: string, to: string, strategy: Strategy): Problem[] => {
  const where = `from ${from} to ${to}`
  const [before, after] = [releaseOf(from), releaseOf(to)]
  if (before === undefined || after === undefined)
    return [
      {
        code: 'MP-151',
        what: 'A version of Istio cannot be compared with another',
        where,
        next: 'Name releases as 1.30.4.',
      },
    ]
  if (after.compare(before) < 0) {
    return [
      {
        code: 'MP-152',
        what: 'That is a downgrade',
        where,
        why: 'data planes would be ahead of their control plane, which Istio does not support',
        next: 'Exchange --from and --to. To test the way back from an upgrade, use --rollback.',
      },
    ]
  }
  const step = after.minor - before.minor
  if (step <= furthest[strategy]) return []
  return [
    {
      code: 'MP-151',
      what: 'The upgrade skips too many minor versions',
      where,
      why:
        `it advances ${step} minor versions; Istio supports ` +
        (strategy === 'in-place' ? 'one at a time in place' : 'two at a time by revision'),
      next:
        step <= furthest.revision
          ? 'Use --strategy=revision, or upgrade to the minor version between them first.'
          : `Upgrade to 1.${before.minor + furthest[strategy]} first.`,
    },
  ]
}

const kubernetesProblems = (istio: string[], kubernetes: string[]): Problem[] => {
  const unknown = istio.filter((version) => supportedBy(version) === undefined)
  if (unknown.length > 0) {
    return [
      {
        code: 'MP-153',
        what: 'The Kubernetes versions that a release supports are not known',
        where: `Istio ${unknown.join(', ')}`,
        why: `they are known for ${knownMinors}`,
        next: 'Choose two of these releases.',
      },
    ]
  }
  const [lowest, highest] = [
    Math.max(...istio.map((version) => supportedBy(version)?.[0] ?? 0)),
    Math.min(...istio.map((version) => supportedBy(version)?.[1] ?? Infinity)),
  ]
  return [...new Set(kubernetes)]
    .filter((version) => !isWithin(version, [lowest, highest]))
    .map((unsupported) => ({
      code: 'MP-153',
      what: 'A release does not support a Kubernetes version',
      where: `Kubernetes ${unsupported}`,
      why: istio.map((version) => `Istio ${version} supports ${spelled(supportedBy(version))}`).join(', '),
      next:
        lowest <= highest
          ? `Upgrade between these releases on Kubernetes ${spelled([lowest, highest])}.`
          : 'Both releases support no common Kubernetes version: upgrade by fewer minor versions at once.',
    }))
}
