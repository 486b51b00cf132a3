import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { chooseImages } from '#images/choose.ts'
import { imagesFor } from '#images/versions.ts'
import { newRunId } from '#lab/run-state.ts'
import { makeReportFolder } from '#report/report-folder.ts'
import { about, type Terminal } from '#report/terminal.ts'
import { variantName } from '#results/results.ts'
import { writeWhole } from '#results/write-whole.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { inLab } from '#run/in-lab.ts'
import { leaveAtOnce } from '#run/leave-at-once.ts'
import { type RunOptions, wantedOf } from '#run/options.ts'
import { phaseLog } from '#run/phase-log.ts'
import { makePlans, selection } from '#run/plan.ts'
import { prepare } from '#run/prepare.ts'
import type { Signals } from '#run/signals.ts'
import { turns } from '#run/turns.ts'
import { faults as every } from '../../../fixtures/faults/index.ts'
import { assign } from './assign.ts'
import type { Proof } from './judge.ts'
import { proveInLab } from './prove-lab.ts'
import { proofPage, unproven } from './table.ts'

/** What proving came to; `error` is why it ended early, where it did. */
export type Proven = { proofs: Proof[]; unproven: string[]; folder: string; exitCode: number; error?: unknown }

/**
 * Shows that the checks notice what they are for: breaks running labs in every known way and expects each fault’s
 * checks to turn red. With several topologies the faults are spread over them, each shown once; with one, everything
 * that can happen there is. `suite` selects the checks whose faults are shown.
 * @throws MeshproofError MP-1xx for a mistake in what it was asked for.
 */
export const prove = async (options: RunOptions, terminal: Terminal, { signal, atOnce }: Signals): Promise<Proven> => {
  const all = catalogue
  const selected = selection(options.suite, all)
  // What disrupts is proven where it was asked for, and what belongs to upgrades by faulty ones; the checks of the
  // layers below are always asked.
  const checks = all.filter(({ id, disrupts, upgrade }) => !upgrade && (!disrupts || selected(id)))
  const patterns = ['*', ...checks.filter(({ disrupts }) => disrupts).map(({ id }) => id)]
  const plans = await makePlans(options.topology, patterns, checks, options.mtls, options.istioNamespace)
  // What no check notices is nothing that --suite could select.
  const wanted = every.filter(({ turnsRed }) =>
    Object.keys(turnsRed).length === 0 ? options.suite.length === 0 : Object.keys(turnsRed).some(selected),
  )
  const others =
    options.mtls === undefined && plans.length > 1
      ? await makePlans(options.topology, patterns, checks, 'off', options.istioNamespace)
      : []
  const { assignments, unshown } = assign(wanted, plans, others, checks)
  const runId = newRunId()
  for (const { plan, faults } of assignments)
    terminal.line(`${variantName(plan.topology)}: ${faults.map(({ name }) => name).join(', ')}`)
  if (unshown.length > 0) terminal.line(`cannot happen here: ${unshown.map(({ name }) => name).join(', ')}`)

  if (options.plan) return { proofs: [], unproven: [], folder: '', exitCode: 0 }
  const folder = await makeReportFolder(runId, options.reportDir)
  atOnce(() =>
    leaveAtOnce(
      assignments.map((_, index) => `${runId}-${index + 1}`),
      terminal,
      () => undefined,
    ),
  )

  const proofs: Proof[] = []
  let error: unknown
  let environment = ''
  try {
    const source = await imagesFor(options)
    const { engine, images } = await prepare(
      (ready) =>
        chooseImages({ ...wantedOf(options), images: source }, ready, terminal.line, terminal.building, signal),
      terminal,
      signal,
    )
    const { kubernetes, istio, envoy, cpus } = await environmentOf(engine, images)
    environment = `Kubernetes ${kubernetes}, Istio ${istio}, Envoy ${envoy}, ${cpus} cores`
    const failure = new AbortController()
    // Labs are brought up one at a time, and asked side by side: a check on a broken mesh waits most of its time.
    const turn = turns()
    await pMap(
      assignments.entries(),
      async ([index, { plan, faults }]) => {
        const screen = about(terminal, variantName(plan.topology))
        const stop = AbortSignal.any([signal, failure.signal])
        const outcome = await inLab(
          {
            runId: `${runId}-${index + 1}`,
            plan,
            images,
            engine,
            keep: false,
            reuse: false,
            turn,
            terminal: screen,
            signal: stop,
          },
          phaseLog(screen),
          (lab, passOn) => {
            passOn()
            return proveInLab(lab, faults, {
              plan,
              checks,
              timeout: options.timeout,
              terminal: screen,
              signal: stop,
              proven: (proof) => {
                proofs.push(proof)
                screen.line(proofLine(proof))
              },
            })
          },
        )
        if (outcome.error === undefined) return
        error ??= outcome.error
        failure.abort(outcome.error)
      },
      { concurrency: 2 },
    )
  } catch (thrown) {
    error ??= thrown
  }
  if (signal.aborted) error = signal.reason
  for (const { plan, faults } of assignments) {
    const { name, mtls } = plan.topology
    for (const fault of faults.filter(({ name: of }) => !proofs.some((proof) => proof.fault === of))) {
      proofs.push({
        fault: fault.name,
        breaks: fault.breaks,
        topology: name,
        mtls,
        verdict: 'not-run',
        reason: error === undefined ? 'it was not reached' : reasonOf(error),
        red: [],
        seconds: 0,
        results: [],
      })
    }
  }
  const inOrder = every.flatMap(({ name }) => proofs.filter(({ fault }) => fault === name))
  await writeWhole(`${folder}/proof.json`, `${JSON.stringify(inOrder, null, 2)}\n`)
  await writeWhole(
    `${folder}/proof.md`,
    proofPage(
      inOrder,
      checks.filter(({ id }) => selected(id)),
      environment,
    ),
  )
  const missed = inOrder.some(({ verdict }) => verdict === 'missed')
  const unrun = inOrder.some(({ verdict }) => verdict === 'not-run')
  const open = unproven(
    inOrder,
    checks.filter(({ id }) =>
      wanted.some(({ name, turnsRed }) => id in turnsRed && !unshown.some((fault) => fault.name === name)),
    ),
  )
  return {
    proofs: inOrder,
    unproven: open,
    folder,
    exitCode: missed ? 1 : error !== undefined || unrun || open.length > 0 ? 2 : 0,
    ...(error === undefined ? {} : { error }),
  }
}

/** One fault in one line: whether it was detected, and what turned red. */
export const proofLine = ({ fault, verdict, reason, red, diagnosed, seconds }: Proof): string =>
  `${verdict === 'detected' ? '✓' : '✗'} ${fault}  ` +
  `${[...red.map(({ check, code }) => `${check} ${code}`), ...(diagnosed ? [`diagnosed ${diagnosed.named.join(' ')}`] : [])].join(', ') || 'nothing turned red'}  ` +
  `${seconds.toFixed(0)} s${reason ? `  ${reason}` : ''}`
