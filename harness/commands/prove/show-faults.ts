import type { Check } from '#checks/check.ts'
import { labTarget } from '#checks/lab-target.ts'
import { askWorkloads } from '#run/ask-workloads.ts'
import type { PlannedCheck } from '#run/plan-checks.ts'
import { runChecks } from '#run/vitest/run-checks.ts'
import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { shownByAnswers } from '#diagnosis/answers.ts'
import { findings as known, type FindingCode } from '#diagnosis/findings.ts'
import { probeOf } from '#diagnosis/probe.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { askUntil } from '#kube/until.ts'
import { contextsOf } from '#run/look-at-mesh.ts'
import { survey } from '#probes/survey/survey.ts'
import type { Fault } from './fault.ts'
import { labData, type Lab } from '#lab/lab.ts'
import type { TopologyPlan } from '#run/plan.ts'
import { layers, type CheckResult } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'
import { diagnosedIn, noticing } from './assign.ts'
import { judge, type Proof } from './judge.ts'

/** How faults are shown in a lab; `timeout` is seconds for one check. */
export type Showing = {
  plan: TopologyPlan
  checks: readonly Check[]
  timeout: number
  terminal: Terminal
  signal: AbortSignal
  proven: (proof: Proof) => void
}

/**
 * For each fault: breaks a green mesh, runs the checks that must notice and every check of the layers below, then
 * undoes the fault.
 * @throws MeshproofError MP-801 when the mesh is not green before the first fault, MP-802 when it does not become green
 * after a fault.
 */
export const showFaults = async (lab: Lab, faults: Fault[], showing: Showing): Promise<void> => {
  const { plan, terminal, signal, proven } = showing
  const relevantChecks = plan.planned.filter(({ id }) => faults.some((fault) => relevantTo(fault, showing).has(id)))
  await requireGreen(
    lab,
    relevantChecks,
    showing,
    faults.some((fault) => diagnosedIn(fault, plan.topology) !== undefined),
    new MeshproofError('MP-801', {
      what: 'The mesh is not green before anything is broken',
      next: 'meshproof test shows what is wrong with it.',
    }),
  )
  for (const fault of faults) {
    const since = Date.now()
    terminal.started(fault.name)
    const shown = await breakMesh(lab, fault, showing)
    signal.throwIfAborted()
    terminal.ended(fault.name, 0, 'not-run')
    proven(proofOf(fault, shown, showing, (Date.now() - since) / 1000))
    const mustNotice = plan.planned.filter(({ id }) => id in fault.turnsRed)
    await requireGreen(
      lab,
      mustNotice,
      showing,
      diagnosedIn(fault, plan.topology) !== undefined,
      new MeshproofError('MP-802', {
        what: 'The mesh does not become green again',
        where: fault.name,
        next: 'This is a defect of the fault: it leaves something behind.',
      }),
    )
  }
}

/**
 * What a broken mesh shows: the results of the checks, and the codes that a diagnosis names where it must. `error` is
 * what ended that early.
 */
type Shown = { results: CheckResult[]; diagnosed?: NonNullable<Proof['diagnosed']>; error?: unknown }

/** Breaks a mesh, looks at it, and undoes the fault. */
const breakMesh = async (lab: Lab, fault: Fault, showing: Showing): Promise<Shown> => {
  const { plan, signal } = showing
  const relevant = relevantTo(fault, showing)
  const planned = plan.planned.filter(({ id }) => relevant.has(id))
  const wanted = diagnosedIn(fault, plan.topology)
  const shown: Shown = { results: [] }
  try {
    const undo = await fault.apply(lab)
    try {
      if (relevant.size > 0) shown.results = await ask(lab, planned, showing)
      if (wanted !== undefined) shown.diagnosed = { wanted, named: await named(lab, wanted, signal) }
    } finally {
      await undo()
    }
  } catch (error) {
    shown.error = error
  }
  return shown
}

const proofOf = (
  fault: Fault,
  { results, diagnosed, error }: Shown,
  { plan: { topology }, checks }: Showing,
  seconds: number,
): Proof => ({
  fault: fault.name,
  breaks: fault.breaks,
  topology: topology.name,
  mtls: topology.mtls,
  ...(error === undefined
    ? judge(fault, noticing(fault, topology, checks), results, diagnosed)
    : { verdict: 'not-run', reason: reasonOf(error), red: [] }),
  ...(diagnosed === undefined ? {} : { diagnosed }),
  seconds,
  results,
})

/** The ids of the checks that must notice a fault, and of every check of the layers below them. */
const relevantTo = (fault: Fault, { plan, checks }: Showing): Set<string> => {
  const mustNotice = noticing(fault, plan.topology, checks)
  if (mustNotice.length === 0) return new Set()
  const lowest = Math.min(
    ...checks.filter(({ id }) => mustNotice.includes(id)).map(({ layer }) => layers.indexOf(layer)),
  )
  return new Set([...mustNotice, ...checks.filter(({ layer }) => layers.indexOf(layer) < lowest).map(({ id }) => id)])
}

const ask = (lab: Lab, planned: PlannedCheck[], { timeout, signal }: Showing): Promise<CheckResult[]> =>
  runChecks(
    { mesh: { lab: labData(lab) }, planned, timeout: timeout * 1000 },
    { started: () => undefined, ended: () => undefined },
    { failFast: false, signal },
  )

/**
 * Runs checks until every check is green. With `diagnosed` a diagnosis must also find nothing. Gives up after 90
 * seconds, since a mesh takes a moment to recover.
 * @throws `otherwise` when it gives up.
 */
const requireGreen = async (
  lab: Lab,
  planned: PlannedCheck[],
  showing: Showing,
  diagnosed: boolean,
  otherwise: MeshproofError,
): Promise<void> => {
  const { signal, terminal } = showing
  const last = await askUntil(
    async () => {
      const results = planned.length === 0 ? [] : await ask(lab, planned, showing)
      signal.throwIfAborted()
      const red = results.filter(({ verdict }) => verdict === 'fail' || verdict === 'not-run')
      return { red, found: diagnosed && red.length === 0 ? await codesDiagnosed(lab, undefined, signal) : [] }
    },
    ({ red, found }) => red.length === 0 && found.length === 0,
    { every: 1000, within: 90_000, signal },
  )
  if (last.red.length === 0 && last.found.length === 0) return
  for (const { id, reason } of last.red) terminal.problem(`    ${id}: ${reasonOf(new Error(reason))}`)
  for (const code of last.found) terminal.problem(`    diagnosis: ${code}`)
  throw otherwise
}

/**
 * The codes that a diagnosis of a broken mesh names. The diagnosis is repeated for up to 30 seconds until it names
 * `wanted`, since a fault takes a moment to show.
 */
const named = (lab: Lab, wanted: FindingCode, signal: AbortSignal): Promise<FindingCode[]> =>
  askUntil(
    () => codesDiagnosed(lab, wanted, signal),
    (codes) => codes.includes(wanted),
    { every: 1000, within: 30_000, signal },
  )

/** The codes of a diagnosis: its cause and its warnings, without the findings that follow from the cause. */
const ownCodes = ({ cause, layers: judged }: MeshDiagnosis): FindingCode[] => {
  const warnings = judged.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'warning'))
  return [...new Set([...(cause ? [cause.code] : []), ...warnings.map(({ code }) => code)])]
}

/** Diagnoses a lab. It sends requests only where nothing else can show what is `wanted`. */
const codesDiagnosed = async (
  lab: Lab,
  wanted: FindingCode | undefined,
  signal: AbortSignal,
): Promise<FindingCode[]> => {
  const { clusters, istioNamespace, istioctl } = contextsOf(lab)
  const mesh = await survey(clusters, istioNamespace)
  const probe =
    wanted !== undefined && (wanted === 'MP-856' || known[wanted].layer === 'requests')
      ? probeOf(mesh, signal)
      : undefined
  try {
    const asking =
      wanted !== undefined && shownByAnswers.has(wanted)
        ? (stop: AbortSignal) => askWorkloads(labTarget(lab), stop)
        : undefined
    return ownCodes(await diagnoseMesh(mesh, probe, signal, istioctl, asking))
  } finally {
    await probe?.close()
  }
}
