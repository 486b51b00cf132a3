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
 * Judges an upgrade after the rules of the facts of upgrades. Findings come worst first, then in the order of phases,
 * with named causes before what is only seen.
 */
export const judge = (
  given: Case,
): { verdict: UpgradeVerdict; findings: UpgradeFinding[]; phases: UpgradePhaseResult[] } => {
  const first = given.phases.find(({ kind }) => kind === 'baseline')
  const measured = new Map(given.measured.map((one) => [`${one.phase} ${one.probe}`, one]))
  let outage: UpgradeFinding | undefined
  const judged = given.phases.map((phase) => {
    if (phase.verdict === 'not-run') return { phase, findings: [] }
    const seen = given.probes.flatMap((probe) => {
      const one = measured.get(`${phase.id} ${probe.id}`)
      return one === undefined
        ? []
        : [{ probe, measured: one, baseline: measured.get(`${first?.id ?? ''} ${probe.id}`) }]
    })
    const one: PhaseCase = { ...given, phase, seen }
    const checked = [...checkFindings(one), ...releaseFindings(one)]
    outage ??= checked.find(isLasting)
    const findings = withoutConsequences(
      merged([...checked, ...requestFindings(one, outage), ...knowledgeFindings(one)]),
    )
    outage ??= findings.find(isLasting)
    return {
      phase: {
        ...phase,
        verdict: worstOf(findings.map(({ verdict }) => verdict)),
        reason: findings[0]?.cause ?? summaryOf(one),
      },
      findings,
    }
  })
  const order = (id: PhaseId): number => given.phases.findIndex((phase) => phase.id === id)
  const findings = judged
    .flatMap((one) => one.findings)
    .toSorted((a, b) => rank(b.verdict) - rank(a.verdict) || order(a.phase) - order(b.phase) || named(a, b))
  const phases = judged.map(({ phase }) => phase)
  // Without a baseline there is nothing that an upgrade could be compared with.
  return {
    verdict: worstOf([...phases.map(({ verdict }) => verdict), ...(first === undefined ? ['not-run' as const] : [])]),
    findings,
    phases,
  }
}

// What a check and the requests say of one thing is one finding; the worst comes first.
const merged = (findings: readonly UpgradeFinding[]): UpgradeFinding[] =>
  [...Map.groupBy(findings, ({ code }) => code).values()]
    .flatMap((same) => {
      const [probe, check] = [same.find((one) => one.probe)?.probe, same.find((one) => one.check)?.check]
      return same.slice(0, 1).map((one) => ({
        ...one,
        seen: same.map(({ seen }) => seen).join('; '),
        ...(probe ? { probe } : {}),
        ...(check ? { check } : {}),
      }))
    })
    .toSorted((a, b) => rank(b.verdict) - rank(a.verdict) || named(a, b))

// The causes that an upgrade’s findings name come before those of single checks, and before what is only seen.
const named = (a: UpgradeFinding, b: UpgradeFinding): number =>
  Number(b.code.startsWith('MP-93')) - Number(a.code.startsWith('MP-93')) || a.code.localeCompare(b.code)

/**
 * What else is found where plaintext was answered: proxies hold no certificates then, and plaintext does not cross
 * networks (Istio’s mutual TLS matrix).
 */
const withoutMutualTls: readonly Code[] = ['MP-722', 'MP-723', 'MP-931', 'MP-933']

const withoutConsequences = (findings: UpgradeFinding[]): UpgradeFinding[] =>
  findings.some(({ code }) => code === 'MP-936')
    ? findings.filter(({ code }) => !withoutMutualTls.includes(code))
    : findings

const summaryOf = ({ seen }: PhaseCase): string => {
  const asking = seen.filter(({ probe }) => probe.expects === 'answers')
  const [sent, lost, breaks] = [
    sum(asking, ({ sent: count }) => count),
    sum(asking, ({ lost: count }) => count),
    sum(asking, ({ streamBreaks }) => streamBreaks.length),
  ]
  return sent === 0
    ? ''
    : `${lost} of ${sent} lost${breaks > 0 ? `; long answers that ended with restarted pods: ${breaks}` : ''}`
}

const sum = (seen: PhaseCase['seen'], of: (measured: Measured) => number): number =>
  seen.reduce((total, { measured }) => total + of(measured), 0)
