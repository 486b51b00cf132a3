import type { Code } from '#codes/index.ts'
import type { Measured, PhaseId, UpgradeFinding, UpgradePhaseResult, UpgradeVerdict } from '#results/results.ts'
import type { Case, PhaseCase } from './case.ts'
import { isLasting } from './findings.ts'
import { checkFindings } from './judge-checks.ts'
import { knowledgeFindings } from './judge-knowledge.ts'
import { releaseFindings } from './judge-releases.ts'
import { requestFindings } from './judge-requests.ts'
import { rank, worstOf } from './verdict.ts'

/**
 * Judges an upgrade by the rules in the facts of upgrades. Findings are sorted by verdict, worst first, then by phase.
 * Within a phase, findings with a known cause come first.
 */
export const judge = (
  given: Case,
): { verdict: UpgradeVerdict; findings: UpgradeFinding[]; phases: UpgradePhaseResult[] } => {
  const baseline = given.phases.find(({ kind }) => kind === 'baseline')
  const measured = new Map(given.measured.map((figures) => [`${figures.phase} ${figures.probe}`, figures]))
  let outage: UpgradeFinding | undefined
  const judged = given.phases.map((phase) => {
    if (phase.verdict === 'not-run') return { phase, findings: [] }
    const observations = given.probes.flatMap((probe) => {
      const figures = measured.get(`${phase.id} ${probe.id}`)
      return figures === undefined
        ? []
        : [{ probe, measured: figures, baseline: measured.get(`${baseline?.id ?? ''} ${probe.id}`) }]
    })
    const phaseCase: PhaseCase = { ...given, phase, observations }
    const checked = [...checkFindings(phaseCase), ...releaseFindings(phaseCase)]
    outage ??= checked.find(isLasting)
    const findings = withoutConsequences(
      merged([...checked, ...requestFindings(phaseCase, outage), ...knowledgeFindings(phaseCase)]),
    )
    outage ??= findings.find(isLasting)
    return {
      phase: {
        ...phase,
        verdict: worstOf(findings.map(({ verdict }) => verdict)),
        reason: findings[0]?.cause ?? summaryOf(phaseCase),
      },
      findings,
    }
  })
  const order = (id: PhaseId): number => given.phases.findIndex((phase) => phase.id === id)
  const findings = judged
    .flatMap((phaseResult) => phaseResult.findings)
    .toSorted((a, b) => rank(b.verdict) - rank(a.verdict) || order(a.phase) - order(b.phase) || named(a, b))
  const phases = judged.map(({ phase }) => phase)
  // Without a baseline there is nothing to compare the upgrade with.
  return {
    verdict: worstOf([
      ...phases.map(({ verdict }) => verdict),
      ...(baseline === undefined ? ['not-run' as const] : []),
    ]),
    findings,
    phases,
  }
}

// Findings with the same code become one finding. The worst comes first.
const merged = (findings: readonly UpgradeFinding[]): UpgradeFinding[] =>
  [...Map.groupBy(findings, ({ code }) => code).values()]
    .flatMap((sameCode) => {
      const probe = sameCode.find((finding) => finding.probe)?.probe
      const check = sameCode.find((finding) => finding.check)?.check
      return sameCode.slice(0, 1).map((finding) => ({
        ...finding,
        seen: sameCode.map(({ seen }) => seen).join('; '),
        ...(probe ? { probe } : {}),
        ...(check ? { check } : {}),
      }))
    })
    .toSorted((a, b) => rank(b.verdict) - rank(a.verdict) || named(a, b))

// The causes of upgrades (MP-93x) come before the causes of single checks, and before findings without a known cause.
const named = (a: UpgradeFinding, b: UpgradeFinding): number =>
  Number(b.code.startsWith('MP-93')) - Number(a.code.startsWith('MP-93')) || a.code.localeCompare(b.code)

/**
 * The findings that follow where plaintext was answered: then proxies hold no certificates, and plaintext does not
 * cross networks (Istio’s mutual TLS matrix).
 */
const withoutMutualTls: readonly Code[] = ['MP-722', 'MP-723', 'MP-931', 'MP-933']

const withoutConsequences = (findings: UpgradeFinding[]): UpgradeFinding[] =>
  findings.some(({ code }) => code === 'MP-936')
    ? findings.filter(({ code }) => !withoutMutualTls.includes(code))
    : findings

const summaryOf = ({ observations }: PhaseCase): string => {
  const expectingAnswers = observations.filter(({ probe }) => probe.expects === 'answers')
  const [sent, lost, breaks] = [
    sum(expectingAnswers, ({ sent: count }) => count),
    sum(expectingAnswers, ({ lost: count }) => count),
    sum(expectingAnswers, ({ streamBreaks }) => streamBreaks.length),
  ]
  return sent === 0
    ? ''
    : `${lost} of ${sent} lost${breaks > 0 ? `; long answers that ended with restarted pods: ${breaks}` : ''}`
}

const sum = (observations: PhaseCase['observations'], figure: (measured: Measured) => number): number =>
  observations.reduce((total, { measured }) => total + figure(measured), 0)
