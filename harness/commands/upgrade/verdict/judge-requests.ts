import type { Loss, Measured, Probe, UpgradeFinding } from '#results/results.ts'
import { breaksOf, isPure, lostOf, type Observation, type PhaseCase } from './case.ts'
import { found, isLasting, type UpgradeCode } from './findings.ts'
import { endedWithPod, podsEndedNear } from './near-events.ts'
import { podOf } from './spans.ts'
import { stallsIn } from './stalls.ts'

/** What went wrong with one probe: its code, how many requests, and the losses among them. */
type Trouble = { probe: Probe; measured: Measured; code: UpgradeCode; count: number; losses: readonly Loss[] }

/** If a probe loses more than this share of its requests, something is broken: a restart costs less. */
const broken = 0.1

/**
 * The findings from the answers, losses, gaps and breaks of a phase. `outage` is an earlier finding whose cause lasts,
 * and still loses requests between clusters.
 */
export const requestFindings = (given: PhaseCase, outage: UpgradeFinding | undefined): UpgradeFinding[] => {
  const { phase, observations } = given
  const expectingAnswers = observations.filter(({ probe }) => probe.expects === 'answers' && probe.kind !== 'outside')
  const lost = expectingAnswers
    .flatMap((observation) => lossesOf(observation, given))
    .map((trouble) => ({ ...trouble, code: causeOf(trouble, expectingAnswers, given) }))
  const probesWithLosses = new Set(lost.map(({ probe }) => probe.id))
  const troubles = [
    ...wrongAnswers(observations),
    ...lost,
    ...expectingAnswers
      .filter(({ probe }) => !probesWithLosses.has(probe.id))
      .flatMap((observation) => [...gapOf(observation, given), ...breaksIn(observation, given)]),
  ]
  const lastingCode = troubles.find(isLasting)?.code
  const isEarlier = outage !== undefined && outage.phase !== phase.id
  // Losses between clusters in the phase of a lasting cause, or after it, follow from that cause.
  const named = troubles.map((trouble) =>
    trouble.probe.from !== trouble.probe.to && (isUnnamed(trouble) || (isEarlier && isLasting(trouble)))
      ? { ...trouble, code: (outage?.code as UpgradeCode | undefined) ?? lastingCode ?? trouble.code }
      : trouble,
  )
  return [...Map.groupBy(named, ({ code }) => code)].map(([code, sameCode]) => ({
    ...found(code, phase.id, figures(code, sameCode), worst(sameCode)),
    ...(isEarlier && code === outage.code
      ? { cause: `follows from ${outage.phase}: ${found(code, phase.id, '').cause}` }
      : {}),
  }))
}

const isUnnamed = ({ code }: Trouble): boolean => unnamed.includes(code)

const unnamed: readonly UpgradeCode[] = ['MP-941', 'MP-942', 'MP-943', 'MP-944', 'MP-945']

const wrongAnswers = (observations: readonly Observation[]): Trouble[] =>
  observations
    .filter(({ measured }) => measured.wrong > 0)
    .map(({ probe, measured }) => {
      const misrouted = probe.from !== probe.to && measured.wrong > broken * measured.sent
      const code = { plaintext: 'MP-936', 'wrong-identity': 'MP-937', 'wrong-subset': 'MP-947' } as const
      return {
        probe,
        measured,
        count: measured.wrong,
        losses: [],
        code: probe.kind in code ? code[probe.kind as keyof typeof code] : misrouted ? 'MP-933' : 'MP-946',
      }
    })

const lossesOf = (observation: Observation, { phase, budgets, stalls, events, observations }: PhaseCase): Trouble[] => {
  const { probe, measured, baseline } = observation
  const { count, losses } = lostOf(observation, stalls)
  // The losses of a stream are its breaks, which breaksIn judges.
  if (count === 0 || probe.kind === 'stream') return []
  const trouble = (code: UpgradeCode, lostRequests: readonly Loss[], howMany: number): Trouble => ({
    probe,
    measured,
    code,
    count: howMany,
    losses: lostRequests,
  })
  if (
    phase.kind === 'baseline' ||
    (baseline !== undefined && lostOf({ ...observation, measured: baseline }, stalls).count > 0)
  )
    return [trouble('MP-951', losses, count)]
  // The budget is a share of the requests of all probes without retries. A thousandth of one probe’s two hundred
  // requests would be less than one request.
  const unretried = observations.filter(
    ({ probe: { expects, retries, kind } }) => expects === 'answers' && retries === 'none' && kind !== 'stream',
  )
  const [sentUnretried, lostUnretried] = [
    unretried.reduce((sum, { measured: { sent } }) => sum + sent, 0),
    unretried.reduce((sum, unretriedProbe) => sum + lostOf(unretriedProbe, stalls).count, 0),
  ]
  const tooMany = (howMany: number): boolean =>
    isPure(phase.kind) || probe.retries === 'default'
      ? howMany > 0
      : howMany > 0 && lostUnretried > budgets.maxLoss * sentUnretried
  if (!tooMany(count)) return []
  const drains = phase.kind === 'workloads' || phase.kind === 'rollback'
  const withPod = drains
    ? losses.filter((loss) =>
        podsEndedNear(
          events,
          'workloads',
          [probe.to],
          Date.parse(loss.at),
          Date.parse(loss.at) + loss.milliseconds,
        ).some((pod) => pod !== podOf(loss.id)),
      )
    : []
  const withoutPod = count - withPod.length
  return [
    ...(withPod.length > 0 ? [trouble('MP-938', withPod, withPod.length)] : []),
    ...(tooMany(withoutPod)
      ? [
          trouble(
            isPure(phase.kind) ? 'MP-942' : probe.retries === 'default' ? 'MP-941' : 'MP-943',
            losses.filter((loss) => !withPod.includes(loss)),
            withoutPod,
          ),
        ]
      : []),
  ]
}

/**
 * The code of the cause that a probe’s losses show by their classes, compared with the losses of other probes.
 * Without such a cause, the code of the losses.
 */
const causeOf = (
  { probe, measured, code, losses }: Trouble,
  expectingAnswers: readonly Observation[],
  { phase, stalls }: PhaseCase,
): UpgradeCode => {
  if (code === 'MP-951' || code === 'MP-938' || probe.from === probe.to) return code
  const has = (...kinds: Loss['class'][]): boolean => losses.some((loss) => kinds.includes(loss.class))
  const opposite = expectingAnswers.filter(({ probe: { from, to } }) => from === probe.to && to === probe.from)
  if (has('tls') && opposite.some(({ measured: { classes } }) => (classes.tls ?? 0) > 0)) return 'MP-931'
  const withinClusters = expectingAnswers.some(
    (observation) => observation.probe.from === observation.probe.to && lostOf(observation, stalls).count > 0,
  )
  if (phase.kind === 'gateways' && !withinClusters && (has('NR', 'NC') || measured.lost > broken * measured.sent))
    return 'MP-932'
  return has('UH') ? 'MP-933' : code
}

const gapOf = ({ probe, measured, baseline }: Observation, { phase, budgets, stalls }: PhaseCase): Trouble[] => {
  // A long answer ends with the gateway that carries it. The short requests show whether traffic still passes.
  if (
    probe.retries !== 'none' ||
    probe.kind === 'stream' ||
    !['gateways', 'workloads', 'rollback'].includes(phase.kind) ||
    (baseline?.lost ?? 0) > 0
  )
    return []
  // Without a loss, a gap is one slow answer, which the budget for p99 judges.
  if (measured.lost === 0) return []
  const [from, to] = [Date.parse(phase.startedAt), Date.parse(phase.startedAt) + phase.seconds * 1000]
  // The time in which the host was stalled, or the probe itself was silent, is not a gap of the mesh.
  const excusedMilliseconds = Math.max(
    measured.longestSilenceMilliseconds,
    ...stallsIn(stalls, [probe.from, probe.to], from, to).map((stall) => stall.to - stall.from),
  )
  return measured.longestGapMilliseconds > budgets.maxGapMilliseconds + excusedMilliseconds
    ? [{ probe, measured, code: 'MP-944', count: 1, losses: [] }]
    : []
}

const breaksIn = (observation: Observation, { phase, events, stalls }: PhaseCase): Trouble[] => {
  const { probe, measured, baseline } = observation
  if (phase.kind !== 'baseline' && (baseline?.streamBreaks.length ?? 0) > 0)
    return breaksOf(observation, stalls).length > 0
      ? [{ probe, measured, code: 'MP-951', count: measured.streamBreaks.length, losses: [] }]
      : []
  const unexplained = breaksOf(observation, stalls).filter(
    ({ at, gapMilliseconds }) =>
      !endedWithPod(events, phase.kind, probe, Date.parse(at), Date.parse(at) + gapMilliseconds),
  )
  return unexplained.length === 0
    ? []
    : [
        {
          probe,
          measured,
          code: phase.kind === 'baseline' ? 'MP-951' : 'MP-945',
          count: unexplained.length,
          losses: [],
        },
      ]
}

const worst = (troubles: readonly Trouble[]): { probe?: string } => {
  const [most] = troubles.toSorted((a, b) => b.count / b.measured.sent - a.count / a.measured.sent)
  return most ? { probe: most.probe.id } : {}
}

const figures = (code: UpgradeCode, troubles: readonly Trouble[]): string => {
  const sum = (figure: (trouble: Trouble) => number): number =>
    troubles.reduce((total, trouble) => total + figure(trouble), 0)
  const probes = `${troubles.length} ${troubles.length === 1 ? 'probe' : 'probes'}`
  if (code === 'MP-944')
    return (
      `no good answer for up to ${Math.max(...troubles.map(({ measured }) => measured.longestGapMilliseconds))} ` +
      `ms, of ${probes}`
    )
  const events = [
    ...new Set(troubles.flatMap(({ measured }) => measured.streamBreaks.map(({ event }) => event)).filter(Boolean)),
  ]
  const count = sum((trouble) => trouble.count)
  if (code === 'MP-945')
    return `${count} long answers broke, of ${probes}${events.length > 0 ? `; nearest: ${events[0] ?? ''}` : ''}`
  const classes = [
    ...Map.groupBy(
      troubles.flatMap(({ losses }) => losses),
      (loss) => loss.class,
    ),
  ]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([kind, lossesOfKind]) => `${kind} ${lossesOfKind.length}`)
  const sent = sum(({ measured }) => measured.sent)
  return `${count} of ${sent} requests of ${probes}${classes.length > 0 ? `: ${classes.join(', ')}` : ''}`
}
