import { describe, expect, test } from 'vitest'
import { Interrupted } from '#errors.ts'
import { runTasks, taskStack, type Task, type TaskObserver } from './task-stack.ts'

const never = new AbortController().signal

const recorder = (): TaskObserver & { events: string[] } => {
  const events: string[] = []
  return {
    events,
    started: (name) => {
      events.push(`${name} started`)
    },
    ended: (name, _at, verdict) => {
      events.push(`${name} ${verdict}`)
    },
  }
}

const quick = (name: string, after?: string[]): Task => ({
  name,
  ...(after ? { after } : {}),
  run: async () => undefined,
})

/** An undo that writes the name of its task into `undone`. */
const undoing = (name: string, undone: string[]) => ({
  name,
  undo: async (): Promise<void> => {
    undone.push(name)
  },
})

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('stopped half-way'))
    })
  })

describe('the order of tasks', () => {
  test('a task starts as soon as those it comes after are done, and not before', async () => {
    const observer = recorder()
    const mesh = Promise.withResolvers<undefined>()
    await runTasks(
      [
        quick('network', []),
        { name: 'slow cluster', after: ['network'], run: () => mesh.promise },
        quick('cluster', ['network']),
        {
          name: 'mesh',
          run: async () => {
            mesh.resolve(undefined)
          },
        }, // after the cluster above it; the slow one waits for it
        quick('both', ['slow cluster', 'mesh']),
      ],
      taskStack(),
      observer,
      never,
    )
    expect(observer.events[1]).toBe('network pass')
    expect(observer.events.indexOf('mesh started')).toBeGreaterThan(observer.events.indexOf('cluster pass'))
    expect(observer.events.slice(-2)).toEqual(['both started', 'both pass'])
    expect(observer.events.indexOf('both started')).toBeGreaterThan(observer.events.indexOf('slow cluster pass'))
  })

  test('a task that comes after something unknown is refused by name', async () => {
    const tasks = [quick('network', []), quick('mesh', ['cluster9'])]
    const running = runTasks(tasks, taskStack(), recorder(), never)
    await expect(running).rejects.toThrow(/“mesh” comes after “cluster9”/)
  })

  test('nothing starts when a task comes after something unknown', async () => {
    const observer = recorder()
    await runTasks([quick('network', []), quick('mesh', ['cluster9'])], taskStack(), observer, never).catch(
      () => undefined,
    )
    await new Promise(setImmediate)
    expect(observer.events).toEqual([])
  })
})

describe('a failure', () => {
  test('is thrown as it came, and keeps what has not started from starting', async () => {
    const observer = recorder()
    const [running, failed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    await expect(
      runTasks(
        [
          {
            name: 'beside',
            after: [],
            run: (signal) => {
              running.resolve(undefined)
              return untilAborted(signal)
            },
          },
          {
            name: 'broken',
            after: [],
            run: async () => {
              await running.promise
              setImmediate(() => {
                failed.resolve(undefined)
              })
              throw new Error('no address')
            },
          },
          quick('after broken'),
          { name: 'nearly done', after: [], run: () => failed.promise },
          quick('after nearly done'),
        ],
        taskStack(),
        observer,
        never,
      ),
    ).rejects.toThrow('no address')
    expect(observer.events).toEqual(
      expect.arrayContaining([
        'broken fail',
        'beside not-run',
        'after broken not-run',
        'nearly done pass',
        'after nearly done not-run',
      ]),
    )
    expect(observer.events.filter((line) => line.endsWith('started'))).toEqual([
      'beside started',
      'broken started',
      'nearly done started',
    ])
  })

  test('of a task leaves that task to be undone as well, newest first', async () => {
    const undone: string[] = []
    const stack = taskStack()
    await runTasks(
      [
        { ...quick('network', []), ...undoing('network', undone) },
        { ...quick('first cluster'), ...undoing('first cluster', undone) },
        {
          ...undoing('second cluster', undone),
          run: async () => {
            throw new Error('half made')
          },
        },
        { ...quick('mesh'), ...undoing('mesh', undone) },
      ],
      stack,
      recorder(),
      never,
    ).catch(() => undefined)
    await stack.unwind()
    expect(undone).toEqual(['second cluster', 'first cluster', 'network'])
  })

  test('of an undo does not stop the others and is told at the end', async () => {
    const undone: string[] = []
    const stack = taskStack()
    stack.push(undoing('network', undone))
    stack.push({
      name: 'stuck cluster',
      undo: async () => {
        throw new Error('device busy')
      },
    })
    stack.push(undoing('cluster', undone))
    await expect(stack.unwind()).rejects.toMatchObject({
      code: 'MP-410',
      message: expect.stringMatching(/stuck cluster.*device busy/),
    })
    expect(undone).toEqual(['cluster', 'network'])
  })
})

describe('being stopped', () => {
  test('reaches the running task, starts nothing more and throws the reason', async () => {
    const observer = recorder()
    const stop = new AbortController()
    const running = Promise.withResolvers<undefined>()
    const run = runTasks(
      [
        {
          name: 'cluster',
          run: (signal) => {
            running.resolve(undefined)
            return untilAborted(signal)
          },
        },
        quick('mesh'),
      ],
      taskStack(),
      observer,
      stop.signal,
    )
    await running.promise
    stop.abort(new Interrupted())
    await expect(run).rejects.toMatchObject({ code: 'MP-130' })
    expect(observer.events).toEqual(['cluster started', 'cluster not-run', 'mesh not-run'])
  })

  test('again while things are removed removes nothing twice', async () => {
    const undone: string[] = []
    const stack = taskStack()
    stack.push(undoing('network', undone))
    await stack.unwind()
    await stack.unwind()
    expect(undone).toEqual(['network'])
  })

  test('twice in a row keeps the order of removal', async () => {
    const undone: string[] = []
    const stack = taskStack()
    stack.push(undoing('network', undone))
    stack.push({
      name: 'cluster',
      undo: async () => {
        await new Promise(setImmediate)
        undone.push('cluster')
      },
    })
    await Promise.all([stack.unwind(), stack.unwind()])
    expect(undone).toEqual(['cluster', 'network'])
  })
})
