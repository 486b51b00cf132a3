import { MeshproofError, reasonOf } from '#errors.ts'

/** One thing a lab is made of: how it comes to be, and how it goes again. */
export type Task = {
  name: string
  /** The tasks that must be done first, by name; default: the one before it in the list. */
  after?: string[]
  run: (signal: AbortSignal) => Promise<void>
  /** Registered before `run` starts: it must cope with a half-made thing, and with nothing at all. */
  undo?: () => Promise<void>
}

/** What a task stack tells while it works. Times are milliseconds since the epoch. */
export type TaskObserver = {
  started: (name: string, at: number) => void
  ended: (name: string, at: number, verdict: 'pass' | 'fail' | 'not-run', error?: unknown) => void
}

/** Undoes tasks, newest first. */
export type TaskStack = {
  push: (task: Pick<Task, 'name' | 'undo'>) => void
  /** Runs every undo although one fails, and throws afterwards. Calling it again waits for the same unwinding. */
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
 * Runs tasks, each as soon as those it comes after are done, with its undo on the stack before it starts. The first
 * failure or the signal keeps further tasks from starting, waits for those that run, and throws.
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
  let first: unknown
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
      // A task that ends because another failed, or because we were stopped, has no verdict of its own.
      const stopped = stop.aborted
      first ??= error
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
  if (first !== undefined) throw first
}
