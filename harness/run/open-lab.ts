import type { EngineInfo } from '#engine/docker.ts'
import { ownerOf } from '#engine/owner.ts'
import type { Images } from '#images/images.ts'
import { kubectlLine, type Lab, labOf } from '#lab/lab.ts'
import { removeRun } from '#lab/reaper.ts'
import { forgetRun, leaveLab, saveRun, useLab } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import { defaultIstioNamespace } from '#topology/topology-file.ts'
import { labTasks } from './bring-up.ts'
import { inotifySuffices, requireInotify, requireInotifyLeft } from './inotify.ts'
import type { PhaseLog } from './phase-log.ts'
import type { TopologyPlan } from './plan.ts'
import { runTasks, taskStack } from './task-stack.ts'
import { tearDown } from './tear-down.ts'

/**
 * What a lab is opened from. `reuse` takes a lab that is already up; `keep` leaves it up. `earlierEnded` waits for the
 * other labs of the run: where the kernel’s limits allow no lab beside them, this one waits.
 */
export type LabOrder = {
  runId: string
  plan: TopologyPlan
  images: Images
  engine: EngineInfo
  keep: boolean
  reuse: boolean
  terminal: Terminal
  signal: AbortSignal
  earlierEnded?: () => Promise<unknown>
}

/** A lab that is removed at the end of the block that opened it (`await using`), also where it is only partly up. */
export type OpenLab = Lab &
  AsyncDisposable & {
    /** Brings the lab up, unless it is up already. @throws the error of the first step that fails. */
    bringUp: () => Promise<void>
  }

/**
 * Opens a lab. Nothing is made yet, but the teardown is ready: the end of the block removes whatever `bringUp` made,
 * as the phase `teardown`. A reused lab stays. A kept lab stays too, also where it did not come up, because the user
 * asked to look at it. Only a signal removes a kept lab.
 * @throws from the end of the block: MeshproofError MP-410, and the engine’s errors, where something could not be
 * removed.
 */
export const openLab = (order: LabOrder, phases: PhaseLog): OpenLab => {
  const { runId, plan, keep, reuse, signal } = order
  const lab = labOf(runId, plan.topology, order.images)
  const stack = taskStack()
  return {
    ...lab,
    bringUp: async () => {
      if (reuse) return useLab(runId, await ownerOf(process.pid))
      if (!(await inotifySuffices(lab.clusters.length))) {
        await order.earlierEnded?.()
        await requireInotify(lab.clusters.length)
      }
      const owner = await rememberLab(lab, false)
      try {
        await runTasks(labTasks(lab, owner, order.engine, plan.procedure), stack, phases, signal)
      } catch (error) {
        // Another lab can have taken the instances since the first look.
        if (!signal.aborted) await requireInotifyLeft(lab.clusters.length, error)
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (reuse) await leaveLab(runId, await ownerOf(process.pid))
      if (keep && !signal.aborted) await keepLab(lab, order)
      else if (!reuse)
        await tearDown(phases, async () => {
          // Whatever could not be undone step by step is removed by its label.
          await stack.unwind().catch(() => removeRun(runId))
          await forgetRun(runId)
        })
    },
  }
}

/** Saves the owner of a lab and whether the lab stays, for later runs. Returns the owner. */
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
  terminal.line(`Check it again: npx meshproof test --topology=${plan.reference}${mode}${namespace} --reuse=${runId}`)
  terminal.line(`Remove it:      npx meshproof down --run=${runId}`)
}
