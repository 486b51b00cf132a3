import { PassThrough, Readable } from 'node:stream'
import { Exec, type V1Deployment, type V1Pod, type V1Status } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { KubeClient } from './client.ts'

/** What a command in a container printed, and how it ended. */
export type ExecResult = { stdout: string; stderr: string; exitCode: number }

/** Where a command runs. */
export type ContainerRef = { namespace: string; pod: string; container: string }

/**
 * Runs a command in a container. Its exit code is the caller's to judge; an exec that cannot be carried out is no
 * verdict on the mesh and throws.
 * @throws MeshproofError MP-403 when the channel fails or the time (milliseconds) is up.
 */
export const execIn = async (
  kube: KubeClient,
  { namespace, pod, container }: ContainerRef,
  command: string[],
  { stdin, within = 30_000 }: { stdin?: string | Buffer; within?: number } = {},
): Promise<ExecResult> => {
  const collect = (): { stream: PassThrough; text: () => string } => {
    const chunks: Buffer[] = []
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    return { stream, text: () => Buffer.concat(chunks).toString() }
  }
  const out = collect()
  const err = collect()
  const broken = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-403', {
      what: 'A command could not be run in a pod',
      where: `${namespace}/${pod} (${container})`,
      why,
      next: 'This says nothing about the mesh; run again.',
      cause,
    })
  // The status callback never comes when the socket drops first (facts of the client): its end, an error and the clock
  // race it.
  const status = await new Promise<V1Status>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(broken(`no answer within ${within / 1000} s`))
    }, within)
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      finish()
    }
    new Exec(kube.config)
      .exec(
        namespace,
        pod,
        container,
        command,
        out.stream,
        err.stream,
        stdin === undefined ? null : Readable.from([stdin]),
        false,
        (answer) => {
          settle(() => {
            resolve(answer)
          })
        },
      )
      .then(
        (socket) => {
          socket.onerror = (event: { message: string }) => {
            settle(() => {
              reject(broken(event.message))
            })
          }
          socket.onclose = () => {
            setTimeout(() => {
              settle(() => {
                reject(broken('the connection closed early'))
              })
            }, 500)
          }
        },
        (error: unknown) => {
          settle(() => {
            reject(broken(reasonOf(error), error))
          })
        },
      )
  })
  // The status may overtake the last of the output, which is still on its way through the streams.
  await new Promise((done) => {
    setImmediate(done)
  })
  return { stdout: out.text(), stderr: err.text(), exitCode: exitCodeOf(status) }
}

const exitCodeOf = (status: V1Status): number => {
  if (status.status === 'Success') return 0
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return code === undefined ? 1 : Number(code)
}

/** True for a pod that is ready and not on its way out. */
export const isReady = ({ metadata, status }: V1Pod): boolean =>
  !metadata?.deletionTimestamp &&
  (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false)

/** One ready pod of a selector. @throws MeshproofError MP-405 when there is none. */
export const readyPod = async (kube: KubeClient, namespace: string, selector: string): Promise<V1Pod> => {
  const pod = (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, selector })).find(isReady)
  if (pod) return pod
  throw new MeshproofError('MP-405', {
    what: 'No pod is ready',
    where: `${namespace}, ${selector}`,
    next: 'kubectl describe pod shows what it waits for.',
  })
}

/** True when the newest revision of a deployment is rolled out in full. */
export const isRolledOut = async (kube: KubeClient, namespace: string, name: string): Promise<boolean> => {
  const deployment = await kube.get<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', name, namespace })
  const { spec, status, metadata } = deployment ?? {}
  const wanted = spec?.replicas ?? 1
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === wanted &&
    status.availableReplicas === wanted &&
    status.replicas === wanted
  )
}

/** A container's log since a moment. */
export const logsSince = async (
  kube: KubeClient,
  { namespace, pod, container }: ContainerRef,
  since: Date,
): Promise<string> => {
  const sinceSeconds = Math.max(1, Math.ceil((Date.now() - since.getTime()) / 1000) + 1)
  return kube.core.readNamespacedPodLog({ namespace, name: pod, container, sinceSeconds })
}
