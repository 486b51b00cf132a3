import type { Loss, Measured, Probe, UpgradeFinding } from '#results/results.ts'
import { breaksOf, isPure, lostOf, type PhaseCase, type Seen } from './case.ts'
import { found, isLasting, type UpgradeCode } from './findings.ts'
import { podsEndedNear } from './near-events.ts'
import { podOf } from './spans.ts'
import { stallsIn } from './stalls.ts'

/** What went wrong with one probe: under which code, and how many of its requests. */
type Trouble = { probe: Probe; measured: Measured; code: UpgradeCode; count: number; losses: readonly Loss[] }

/** More than this share of a probe’s requests is not what a restart costs: something is broken, and stays so. */
const broken = 0.1

/**
 * What answers, losses, gaps and breaks of a phase say. `outage` is the cause, found before, that goes on to lose
 * requests between clusters.
 */
export const requestFindings = (given: PhaseCase, outage: UpgradeFinding | undefined): UpgradeFinding[] => {
  const { phase, seen } = given
  const asking = seen.filter(({ probe }) => probe.expects === 'answers' && probe.kind !== 'outside')
  const lost = asking
    .flatMap((one) => lossesOf(one, given))
    .map((trouble) => ({ ...trouble, code: causeOf(trouble, asking, given) }))
  const already = new Set(lost.map(({ probe }) => probe.id))
  const troubles = [
    ...wrongAnswers(seen),
    ...lost,
    ...asking
      .filter(({ probe }) => !already.has(probe.id))
      .flatMap((one) => [...gapOf(one, given), ...breaksIn(one, given)]),
  ]
  const here = troubles.find(isLasting)?.code
  const before = outage !== undefined && outage.phase !== phase.id
  // What is lost between clusters beside a lasting cause, or after it, follows from it.
  const named = troubles.map((one) =>
    one.probe.from !== one.probe.to && (isUnnamed(one) || (before && isLasting(one)))
      ? { ...one, code: (outage?.code as UpgradeCode | undefined) ?? here ?? one.code }
      : one,
  )
  return [...Map.groupBy(named, ({ code }) => code)].map(([code, same]) => ({
    ...found(code, phase.id, figures(code, same), worst(same)),
    ...(before && code === outage.code
      ? { cause: `follows from ${outage.phase}: ${found(code, phase.id, '').cause}` }
      : {}),
  }))
}

const isUnnamed = ({ code }: Trouble): boolean => unnamed.includes(code)

const unnamed: readonly UpgradeCode[] = ['MP-941', 'MP-942', 'MP-943', 'MP-944', 'MP-945']

const wrongAnswers = (seen: readonly Seen[]): Trouble[] =>
  seen
    .filter(({ measured }) => measured.wrong > 0)
    .map(({ probe, measured }) => {
      const elsewhere = probe.from !== probe.to && measured.wrong > broken * measured.sent
      const code = { plaintext: 'MP-936', 'wrong-identity': 'MP-937', 'wrong-subset': 'MP-947' } as const
      return {
        probe,
        measured,
        count: measured.wrong,
        losses: [],
        code: probe.kind in code ? code[probe.kind as keyof typeof code] : elsewhere ? 'MP-933' : 'MP-946',
      }
    })

const lossesOf = (one: Seen, { phase, budgets, stalls, events, seen }: PhaseCase): Trouble[] => {
  const { probe, measured, baseline } = one
  const { count, losses } = lostOf(one, stalls)
  // A long answer’s losses are its breaks.
  if (count === 0 || probe.kind === 'stream') return []
  const trouble = (code: UpgradeCode, some: readonly Loss[], many: number): Trouble => ({
    probe,
    measured,
    code,
    count: many,
    losses: some,
  })
  if (phase.kind === 'baseline' || (baseline !== undefined && lostOf({ ...one, measured: baseline }, stalls).count > 0))
    return [trouble('MP-951', losses, count)]
  // The budget is a share of all that is asked without retries: of the two hundred requests of one probe, a thousandth
  // is none at all.
  const unretried = seen.filter(
    (other) => other.probe.expects === 'answers' && other.probe.retries === 'none' && other.probe.kind !== 'stream',
  )
  const [sentUnretried, lostUnretried] = [
    unretried.reduce((sum, other) => sum + other.measured.sent, 0),
    unretried.reduce((sum, other) => sum + lostOf(other, stalls).count, 0),
  ]
  const tooMany = (many: number): boolean =>
    isPure(phase.kind) || probe.retries === 'default'
      ? many > 0
      : many > 0 && lostUnretried > budgets.maxLoss * sentUnretried
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
  const others = count - withPod.length
  return [
    ...(withPod.length > 0 ? [trouble('MP-938', withPod, withPod.length)] : []),
    ...(tooMany(others)
      ? [
          trouble(
            isPure(phase.kind) ? 'MP-942' : probe.retries === 'default' ? 'MP-941' : 'MP-943',
            losses.filter((loss) => !withPod.includes(loss)),
            others,
          ),
        ]
      : []),
  ]
}

/**
 * The cause that a probe’s losses name, as far as their classes tell, seen beside those of the others; otherwise
 * their own code.
 */
const causeOf = (
  { probe, measured, code, losses }: Trouble,
  asking: readonly Seen[],
  { phase, stalls }: PhaseCase,
): UpgradeCode => {
  if (code === 'MP-951' || code === 'MP-938' || probe.from === probe.to) return code
  const has = (...kinds: Loss['class'][]): boolean => losses.some((loss) => kinds.includes(loss.class))
  const back = asking.filter((other) => other.probe.from === probe.to && other.probe.to === probe.from)
  if (has('tls') && back.some(({ measured: { classes } }) => (classes.tls ?? 0) > 0)) return 'MP-931'
  const withinClusters = asking.some((one) => one.probe.from === one.probe.to && lostOf(one, stalls).count > 0)
  if (phase.kind === 'gateways' && !withinClusters && (has('NR', 'NC') || measured.lost > broken * measured.sent))
    return 'MP-932'
  return has('UH') ? 'MP-933' : code
}

const gapOf = ({ probe, measured, baseline }: Seen, { phase, budgets, stalls }: PhaseCase): Trouble[] => {
  // A long answer ends with the gateway that carries it; whether others get through meanwhile is for the requests
  // beside it to say.
  if (
    probe.retries !== 'none' ||
    probe.kind === 'stream' ||
    !['gateways', 'workloads', 'rollback'].includes(phase.kind) ||
    (baseline?.lost ?? 0) > 0
  )
    return []
  // Where nothing was lost a gap is one slow answer, and p99 judges those.
  if (measured.lost === 0) return []
  const [from, to] = [Date.parse(phase.startedAt), Date.parse(phase.startedAt) + phase.seconds * 1000]
  // What the host or the probe itself stood still is no gap of the mesh.
  const excuse = Math.max(
    measured.longestSilenceMilliseconds,
    ...stallsIn(stalls, [probe.from, probe.to], from, to).map((stall) => stall.to - stall.from),
  )
  return measured.longestGapMilliseconds > budgets.maxGapMilliseconds + excuse
    ? [{ probe, measured, code: 'MP-944', count: 1, losses: [] }]
    : []
}

const breaksIn = (one: Seen, { phase, events, stalls }: PhaseCase): Trouble[] => {
  const { probe, measured, baseline } = one
  if (phase.kind !== 'baseline' && (baseline?.streamBreaks.length ?? 0) > 0)
    return breaksOf(one, stalls).length > 0
      ? [{ probe, measured, code: 'MP-951', count: measured.streamBreaks.length, losses: [] }]
      : []
  // Where pods on its way are restarted, a long answer ends with them; a gateway is on the way between clusters alone.
  const [workloads, gateways] = [
    ['workloads', 'rollback'].includes(phase.kind),
    ['gateways', 'rollback'].includes(phase.kind) && probe.from !== probe.to,
  ]
  const unexplained = breaksOf(one, stalls).filter(
    ({ at, gapMilliseconds }) =>
      ![...(workloads ? ['workloads' as const] : []), ...(gateways ? ['gateways' as const] : [])].some(
        (of) =>
          podsEndedNear(events, of, [probe.from, probe.to], Date.parse(at), Date.parse(at) + gapMilliseconds).length >
          0,
      ),
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
  const sum = (of: (one: Trouble) => number): number => troubles.reduce((total, one) => total + of(one), 0)
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
    .map(([kind, same]) => `${kind} ${same.length}`)
  const sent = sum(({ measured }) => measured.sent)
  return `${count} of ${sent} requests of ${probes}${classes.length > 0 ? `: ${classes.join(', ')}` : ''}`
}
