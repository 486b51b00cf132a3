import { MeshproofError, reasonOf } from '#errors.ts'

/** A part of a lab: how to make it, and how to remove it. */
export type Task = {
  name: string
  /** The names of the tasks that must be done first; default: the previous task in the list. */
  after?: string[]
  run: (signal: AbortSignal) => Promise<void>
  /** Registered before `run` starts, so it must also work where the part is incomplete or absent. */
  undo?: () => Promise<void>
}

/** Observes tasks. Times are milliseconds since the epoch. */
export type TaskObserver = {
  started: (name: string, at: number) => void
  ended: (name: string, at: number, verdict: 'pass' | 'fail' | 'not-run', error?: unknown) => void
}

/** Undoes tasks, the newest first. */
export type TaskStack = {
  push: (task: Pick<Task, 'name' | 'undo'>) => void
  /** Runs every undo, also after one fails, and throws at the end. A second call waits for the first. */
  unwind: () => Promise<void>
}

/** An empty stack. @throws from `unwind` MeshproofError MP-410 when something could not be undone. */
export const taskStack = (): TaskStack => {
  const undos: { name: string; undo: () => Promise<void> }[] = []
  let unwinding: Promise<void> | undefined
  const unwind = async (): Promise<void> => {
    const failed: { name: string; error: unknown }[] = []
    for (const { name, undo } of undos)
      await undo().catch((error: unknown) => {
        failed.push({ name, error })
      })
    if (failed.length === 0) return
    throw new MeshproofError('MP-410', {
      what: `Not everything could be removed: ${failed.map(({ name }) => name).join(', ')}`,
      why: reasonOf(failed[0]?.error),
      next: 'meshproof down',
      cause: failed[0]?.error,
    })
  }
  return {
    push: ({ name, undo }) => {
      if (undo) undos.unshift({ name, undo })
    },
    unwind: () => (unwinding ??= unwind()),
  }
}

/**
 * Runs each task as soon as the tasks before it are done. Its undo is on the stack before it starts. After the first
 * failure or the signal no further task starts; running tasks are waited for.
 * @throws the signal’s reason, or the first error of a task.
 */
export const runTasks = async (
  tasks: Task[],
  stack: TaskStack,
  observer: TaskObserver,
  signal: AbortSignal,
): Promise<void> => {
  const failure = new AbortController()
  const stop = AbortSignal.any([signal, failure.signal])
  const done = new Map<string, Promise<boolean>>()
  let firstError: unknown
  const perform = async (task: Task, before: Promise<boolean>[]): Promise<boolean> => {
    const ready = (await Promise.all(before)).every(Boolean)
    if (!ready || stop.aborted) {
      observer.ended(task.name, Date.now(), 'not-run')
      return false
    }
    stack.push(task)
    observer.started(task.name, Date.now())
    try {
      await task.run(stop)
      observer.ended(task.name, Date.now(), 'pass')
      return true
    } catch (error) {
      // A task that ends because another task failed, or because of the signal, has no verdict.
      const stopped = stop.aborted
      firstError ??= error
      failure.abort(error)
      observer.ended(task.name, Date.now(), stopped ? 'not-run' : 'fail', error)
      return false
    }
  }
  const ordered = tasks.map((task, index) => {
    const previous = tasks[index - 1]
    const after = task.after ?? (previous ? [previous.name] : [])
    const unknown = after.find((name) => !tasks.slice(0, index).some((earlier) => earlier.name === name))
    if (unknown !== undefined)
      throw new Error(`task “${task.name}” comes after “${unknown}”, which is not before it in the list`)
    return { task, after }
  })
  for (const { task, after } of ordered)
    done.set(
      task.name,
      perform(
        task,
        after.flatMap((name) => done.get(name) ?? []),
      ),
    )
  await Promise.all(done.values())
  if (signal.aborted) throw signal.reason
  if (firstError !== undefined) throw firstError
}
