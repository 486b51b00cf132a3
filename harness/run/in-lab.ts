import type { EngineInfo } from '#engine/docker.ts'
import { ownerOf } from '#engine/owner.ts'
import type { Images } from '#images/images.ts'
import { kubectlLine, type Lab, labOf } from '#lab/lab.ts'
import { removeRun } from '#lab/reaper.ts'
import { forgetRun, saveRun } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import { defaultIstioNamespace } from '#topology/topology-file.ts'
import { labTasks } from './bring-up.ts'
import type { PhaseLog } from './phase-log.ts'
import type { TopologyPlan } from './plan.ts'
import { runTasks, taskStack } from './task-stack.ts'
import type { Turn } from './turns.ts'

/** What a lab is brought up from and told to. `reuse` takes the one that is already up, `keep` leaves it. */
export type LabRun = {
  runId: string
  plan: TopologyPlan
  images: Images
  engine: EngineInfo
  keep: boolean
  reuse: boolean
  /** Labs that share a machine wait for each other here. */
  turn: Turn
  terminal: Terminal
  signal: AbortSignal
}

/**
 * Brings a lab up, works in it and takes it down again, or keeps it. The work says when it mostly waits, so that the
 * next lab can be brought up beside it (`passOn`). Unless the run was stopped, `lookBack` sees the lab once more before
 * it goes, with what went wrong. It returns what went wrong on the way, if anything did: the signal’s reason when it
 * was that, and otherwise the first error; cleaning up is never left out for it.
 */
export const inLab = async (
  run: LabRun,
  phases: PhaseLog,
  work: (lab: Lab, passOn: () => void) => Promise<void>,
  lookBack?: (lab: Lab, error: unknown) => Promise<void>,
): Promise<{ error?: unknown }> => {
  const { runId, plan, signal, turn } = run
  const lab = labOf(runId, plan.topology, run.images)
  const stack = taskStack()
  let error: unknown
  try {
    await turn(async (passOn) => {
      if (!run.reuse) await bringUp(lab, run, stack, phases)
      await work(lab, passOn)
    }, signal)
    signal.throwIfAborted()
  } catch (thrown) {
    error = signal.aborted ? signal.reason : thrown
  }
  if (!signal.aborted)
    await lookBack?.(lab, error).catch((thrown: unknown) => {
      error ??= thrown
    })
  // A lab that did not come up is kept too when somebody asked to look at it.
  if (run.keep && !signal.aborted) await keepLab(lab, run)
  else if (!run.reuse) {
    phases.started('teardown', Date.now())
    // What could not be undone step by step goes by its label.
    const failed = await stack
      .unwind()
      .catch(() => removeRun(runId))
      .then(() => forgetRun(runId))
      .catch((thrown: unknown) => thrown)
    phases.ended('teardown', Date.now(), failed === undefined ? 'pass' : 'fail', failed)
    error ??= failed
  }
  return error === undefined ? {} : { error }
}

const bringUp = async (lab: Lab, run: LabRun, stack: ReturnType<typeof taskStack>, phases: PhaseLog): Promise<void> => {
  const owner = await ownerOf(process.pid)
  await saveRun({
    id: run.runId,
    topology: lab.topology.name,
    mtls: lab.topology.mtls,
    istioNamespace: lab.topology.istioNamespace,
    owner,
    kept: false,
    images: run.images,
  })
  await runTasks(labTasks(lab, owner, run.engine, run.plan.procedure), stack, phases, run.signal)
}

const keepLab = async (lab: Lab, { runId, terminal, plan, images }: LabRun): Promise<void> => {
  const { name, mtls, istioNamespace } = lab.topology
  const owner = await ownerOf(process.pid)
  await saveRun({ id: runId, topology: name, mtls, istioNamespace, owner, kept: true, images })
  terminal.line('The lab stays. Use it:')
  for (const cluster of lab.clusters) terminal.line(`  ${kubectlLine(lab, cluster)}`)
  terminal.line(
    [
      `Check it again: npm test -- --topology=${plan.reference}`,
      ...(mtls === 'off' ? ['--mtls=off'] : []),
      ...(istioNamespace === defaultIstioNamespace ? [] : [`--istio-namespace=${istioNamespace}`]),
      `--reuse=${runId}`,
    ].join(' '),
  )
  terminal.line(`Remove it:      npx meshproof down --run=${runId}`)
}
