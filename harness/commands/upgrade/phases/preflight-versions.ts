import type { Strategy } from '#commands/upgrade/upgrade-phase.ts'
import { isWithin, knownMinors, spelled, supportedBy } from '#images/supported-pairs.ts'
import { releaseOf } from '#images/version.ts'
import type { Problem } from './preflight-problem.ts'

/** Two versions of Istio, the way from one to the other, and the Kubernetes version of every cluster on the way. */
export type UpgradeVersions = { from: string; to: string; strategy: Strategy; kubernetes: string[] }

/**
 * How many minor versions a control plane may advance at once: where it stands one, beside the old one two (istio.io,
 * “In-place upgrades” and “Canary upgrades”).
 */
const furthest: Record<Strategy, number> = { 'in-place': 1, revision: 2 }

/**
 * What versions alone forbid, before anything is made: a way back, a step that is too long, a Kubernetes version that
 * one of them does not support.
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
        next: 'Exchange --from and --to. The way back from an upgrade is tried with --rollback.',
      },
    ]
  }
  const step = after.minor - before.minor
  if (step <= furthest[strategy]) return []
  return [
    {
      code: 'MP-151',
      what: 'The step is too long',
      where,
      why:
        `${step} minor versions, and ` +
        `${strategy === 'in-place' ? 'in place one at a time is' : 'with revisions two are'} supported`,
      next:
        step <= furthest.revision
          ? 'Use --strategy=revision, or upgrade to the minor version between them first.'
          : `Upgrade to 1.${before.minor + furthest[strategy]} first.`,
    },
  ]
}

const kubernetesProblems = (istio: string[], kubernetes: string[]): Problem[] => {
  const untold = istio.filter((version) => supportedBy(version) === undefined)
  if (untold.length > 0) {
    return [
      {
        code: 'MP-153',
        what: 'It is not known which Kubernetes versions a release supports',
        where: `Istio ${untold.join(', ')}`,
        why: `known are those of ${knownMinors}`,
        next: 'Choose releases among these.',
      },
    ]
  }
  const [lowest, highest] = [
    Math.max(...istio.map((version) => supportedBy(version)?.[0] ?? 0)),
    Math.min(...istio.map((version) => supportedBy(version)?.[1] ?? Infinity)),
  ]
  return [...new Set(kubernetes)]
    .filter((version) => !isWithin(version, [lowest, highest]))
    .map((version) => ({
      code: 'MP-153',
      what: 'A Kubernetes version is not supported all the way',
      where: `Kubernetes ${version}`,
      why: istio.map((one) => `Istio ${one} supports ${spelled(supportedBy(one))}`).join(', '),
      next:
        lowest <= highest
          ? `Upgrade between these releases on Kubernetes ${spelled([lowest, highest])}.`
          : 'No Kubernetes version is supported by both: upgrade in shorter steps.',
    }))
}
