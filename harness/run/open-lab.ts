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
import { tearDown } from './tear-down.ts'

/** What a lab is opened from. `reuse` takes the one that is already up, `keep` leaves it. */
export type LabOrder = {
  runId: string
  plan: TopologyPlan
  images: Images
  engine: EngineInfo
  keep: boolean
  reuse: boolean
  terminal: Terminal
  signal: AbortSignal
}

/** A lab that goes at the end of the block that it was opened in (`await using`), whatever of it is there by then. */
export type OpenLab = Lab &
  AsyncDisposable & {
    /** Brings it up, unless it is a lab that is up already. @throws what the first failing step threw. */
    bringUp: () => Promise<void>
  }

/**
 * Opens a lab. Nothing is made yet, but its teardown stands: what `bringUp` makes, in whole or in part, is removed at
 * the end of the block, as the phase `teardown`. A reused lab stays; so does one that is kept, also where it did not
 * come up, since somebody asked to look at it. Only a signal takes a kept lab down.
 * @throws from the end of the block: MeshproofError MP-410 and what the engine throws, where something stays.
 */
export const openLab = (order: LabOrder, phases: PhaseLog): OpenLab => {
  const { runId, plan, keep, reuse, signal } = order
  const lab = labOf(runId, plan.topology, order.images)
  const stack = taskStack()
  return {
    ...lab,
    bringUp: async () => {
      if (reuse) return
      const owner = await rememberLab(lab, false)
      await runTasks(labTasks(lab, owner, order.engine, plan.procedure), stack, phases, signal)
    },
    [Symbol.asyncDispose]: async () => {
      if (keep && !signal.aborted) await keepLab(lab, order)
      else if (!reuse)
        await tearDown(phases, async () => {
          // What could not be undone step by step goes by its label.
          await stack.unwind().catch(() => removeRun(runId))
          await forgetRun(runId)
        })
    },
  }
}

/** Writes down whose lab it is and whether it stays, for the runs that come after. Returns the owner. */
const rememberLab = async ({ runId, topology, images }: Lab, kept: boolean): Promise<string> => {
  const owner = await ownerOf(process.pid)
  const { name, mtls, istioNamespace } = topology
  await saveRun({ id: runId, topology: name, mtls, istioNamespace, owner, kept, images })
  return owner
}

const keepLab = async (lab: Lab, { runId, terminal, plan }: LabOrder): Promise<void> => {
  await rememberLab(lab, true)
  terminal.line('The lab stays. Use it:')
  for (const cluster of lab.clusters) terminal.line(`  ${kubectlLine(lab, cluster)}`)
  const { mtls, istioNamespace } = lab.topology
  const mode = mtls === 'off' ? ' --mtls=off' : ''
  const namespace = istioNamespace === defaultIstioNamespace ? '' : ` --istio-namespace=${istioNamespace}`
  terminal.line(`Check it again: npm test -- --topology=${plan.reference}${mode}${namespace} --reuse=${runId}`)
  terminal.line(`Remove it:      npx meshproof down --run=${runId}`)
}
