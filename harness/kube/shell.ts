import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { MeshproofError, reasonOf } from '#errors.ts'
import { shellWord } from './shell-word.ts'
import type { KubeClient } from './client.ts'
import { notRun, type ContainerRef, type ExecResult } from './pods.ts'
import { kubernetes } from './library.ts'

/** How long a shell without a command stays open, in milliseconds. */
const idleTime = 2_000

/** A shell in a container. It runs one command after the other, as long as it is open. */
type Shell = { isOpen: () => boolean; run: (command: string[], within: number) => Promise<ExecResult> }

/** The shells of a cluster that wait for a command, by their container. */
const waiting = new WeakMap<KubeClient, Map<string, Shell[]>>()

/**
 * Runs a command in a container that has a shell, as `execIn` does. The shell stays open for the next command: to begin
 * an exec costs a machine as much as ten requests.
 * @throws MeshproofError MP-403 when the channel fails or the time (milliseconds) is up.
 */
export const runIn = async (
  kube: KubeClient,
  container: ContainerRef,
  command: string[],
  within = 30_000,
): Promise<ExecResult> => {
  const shells = waitingIn(kube, container)
  let shell = shells.pop()
  while (shell?.isOpen() === false) shell = shells.pop()
  shell ??= openShell(kube, container)
  const result = await shell.run(command, within)
  shells.push(shell)
  return result
}

const waitingIn = (kube: KubeClient, { namespace, pod, container }: ContainerRef): Shell[] => {
  const ofCluster = waiting.get(kube) ?? new Map<string, Shell[]>()
  waiting.set(kube, ofCluster)
  const key = [namespace, pod, container].join('/')
  const shells = ofCluster.get(key) ?? []
  ofCluster.set(key, shells)
  return shells
}

/** A command that a shell runs: what it has printed, and who waits for it. */
type Running = { mark: string; out: string; err: string; ended: (outcome: ExecResult | MeshproofError) => void }

/** Opens a shell. A command that it is given meanwhile waits for it, as long as the command may take. */
const openShell = (kube: KubeClient, container: ContainerRef): Shell => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  let running: Running | undefined
  let isOpen = true
  let idle: NodeJS.Timeout | undefined
  const breakOff = (why: string, cause?: unknown): void => {
    isOpen = false
    running?.ended(notRun(container, why, cause))
  }
  const heard = (from: 'out' | 'err', text: string): void => {
    if (!running) return
    running[from] += text
    const result = resultIn(running.mark, running.out, running.err)
    if (result) running.ended(result)
  }
  stdout.setEncoding('utf8').on('data', (text: string) => {
    heard('out', text)
  })
  stderr.setEncoding('utf8').on('data', (text: string) => {
    heard('err', text)
  })
  const { namespace, pod, container: name } = container
  const opening = new (kubernetes().Exec)(kube.config)
    .exec(namespace, pod, name, ['sh'], stdout, stderr, stdin, false, ({ message }) => {
      breakOff(message ?? 'the shell ended early')
    })
    .then((socket) => {
      socket.onerror = ({ message }: { message: string }) => {
        breakOff(message)
      }
      socket.onclose = () => {
        breakOff('the connection closed early')
      }
      return socket
    })
  opening.catch((error: unknown) => {
    breakOff(reasonOf(error), error)
  })
  const close = (): void => {
    isOpen = false
    void opening.then(
      (socket) => {
        socket.close()
      },
      () => undefined,
    )
  }
  return {
    isOpen: () => isOpen,
    run: async (command, within) => {
      clearTimeout(idle)
      const { promise, resolve: ended } = Promise.withResolvers<ExecResult | MeshproofError>()
      running = { mark: randomBytes(8).toString('hex'), out: '', err: '', ended }
      const late = setTimeout(() => {
        breakOff(`no answer within ${within / 1000} s`)
        close()
      }, within)
      stdin.write(scriptOf(command, running.mark))
      const outcome = await promise
      running = undefined
      clearTimeout(late)
      if (outcome instanceof MeshproofError) throw outcome
      idle = setTimeout(close, idleTime).unref()
      return outcome
    },
  }
}

/** The lines by which a shell runs a command, and marks the end of what it prints on both streams. */
export const scriptOf = (command: string[], mark: string): string =>
  `${command.map(shellWord).join(' ')} </dev/null\necho "${mark} $?"\necho ${mark} >&2\n`

/** What a command printed before the marks, and its exit code; undefined while one of the marks is missing. */
export const resultIn = (mark: string, out: string, err: string): ExecResult | undefined => {
  const [outEnd, errEnd] = [out.indexOf(mark), err.indexOf(mark)]
  const exitCode = outEnd < 0 ? undefined : /^ (\d+)\n/.exec(out.slice(outEnd + mark.length))?.[1]
  if (errEnd < 0 || exitCode === undefined) return undefined
  return { stdout: out.slice(0, outEnd), stderr: err.slice(0, errEnd), exitCode: Number(exitCode) }
}
