import { PassThrough, Readable } from 'node:stream'
import type { V1Deployment, V1Pod, V1Status } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { KubeClient } from './client.ts'
import { kubernetes } from './library.ts'

/** The output and exit code of a command in a container. */
export type ExecResult = { stdout: string; stderr: string; exitCode: number }

/** A container of a pod. */
export type ContainerRef = { namespace: string; pod: string; container: string }

/**
 * Runs a command in a container. Returns also when the command fails: the caller judges the exit code.
 * @throws MeshproofError MP-403 when the channel fails or the time (milliseconds) is up.
 */
export const execIn = async (
  kube: KubeClient,
  container: ContainerRef,
  command: string[],
  { stdin, within = 30_000 }: { stdin?: string | Buffer; within?: number } = {},
): Promise<ExecResult> => {
  const [out, err] = [collector(), collector()]
  const streams = { out: out.stream, err: err.stream, in: stdin === undefined ? null : Readable.from([stdin]) }
  const status = await statusOf(kube, container, command, streams, within)
  // The status can arrive before the streams have passed on the last output.
  await new Promise((done) => {
    setImmediate(done)
  })
  return { stdout: out.text(), stderr: err.text(), exitCode: exitCodeOf(status) }
}

/** A stream, and the text that was written to it. */
const collector = (): { stream: PassThrough; text: () => string } => {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** The error of a command that could not be run in a container. Its code is MP-403. */
export const notRun = ({ namespace, pod, container }: ContainerRef, why: string, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-403', {
    what: 'A command could not be run in a pod',
    where: `${namespace}/${pod} (${container})`,
    why,
    next: 'This says nothing about the mesh. Run the same command again.',
    cause,
  })

/**
 * Runs a command and waits for its status. The client never calls the status callback when the connection breaks first.
 * The close event, an error and the clock therefore end the wait as well.
 */
const statusOf = (
  kube: KubeClient,
  ref: ContainerRef,
  command: string[],
  streams: { out: PassThrough; err: PassThrough; in: Readable | null },
  within: number,
): Promise<V1Status> =>
  new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      clearTimeout(timer)
      reject(notRun(ref, why, cause))
    }
    const timer = setTimeout(() => {
      fail(`no answer within ${within / 1000} s`)
    }, within)
    new (kubernetes().Exec)(kube.config)
      .exec(ref.namespace, ref.pod, ref.container, command, streams.out, streams.err, streams.in, false, (status) => {
        clearTimeout(timer)
        resolve(status)
      })
      .then(
        (socket) => {
          socket.onerror = (event: { message: string }) => {
            fail(event.message)
          }
          socket.onclose = () => {
            setTimeout(fail, 500, 'the connection closed early')
          }
        },
        (error: unknown) => {
          fail(reasonOf(error), error)
        },
      )
  })

const exitCodeOf = (status: V1Status): number => {
  if (status.status === 'Success') return 0
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return code === undefined ? 1 : Number(code)
}

/** Whether a pod has ended, well or not: it runs nothing any more. */
export const isDone = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Whether a pod runs for good: it is neither done nor on its way out. */
export const isRunning = ({ metadata, status }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined && status?.phase === 'Running'

/** True for a pod that is ready and is not being deleted. */
export const isReady = ({ metadata, status }: V1Pod): boolean =>
  !metadata?.deletionTimestamp &&
  (status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false)

/** A ready pod with these labels. @throws MeshproofError MP-405 when there is none. */
export const readyPod = async (kube: KubeClient, namespace: string, selector: string): Promise<V1Pod> => {
  const pod = (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, selector })).find(isReady)
  if (pod) return pod
  throw new MeshproofError('MP-405', {
    what: 'No pod is ready',
    where: `${namespace}, ${selector}`,
    next: 'kubectl describe pod shows what the pod waits for.',
  })
}

/** True when every pod of a deployment has the newest template and is available. */
export const isRolledOut = async (kube: KubeClient, namespace: string, name: string): Promise<boolean> => {
  const deployment = await kube.get<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', name, namespace })
  const { spec, status, metadata } = deployment ?? {}
  const replicas = spec?.replicas ?? 1
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === replicas &&
    status.availableReplicas === replicas &&
    status.replicas === replicas
  )
}

/** The log of a container since a point in time. */
export const logsSince = async (
  kube: KubeClient,
  { namespace, pod, container }: ContainerRef,
  since: Date,
): Promise<string> => {
  const sinceSeconds = Math.max(1, Math.ceil((Date.now() - since.getTime()) / 1000) + 1)
  return kube.core.readNamespacedPodLog({ namespace, name: pod, container, sinceSeconds })
}
