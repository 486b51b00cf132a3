import { request } from 'node:http'
import { Duplex, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { KubeClient } from './client.ts'
import { kubernetes } from './library.ts'

/** A page that a program in a pod serves on the pod’s localhost. */
export type PodPage = { namespace: string; pod: string; port: number; path: string }

/**
 * Reads a page through a forwarded port. A command in the container would start a program there, which costs more than
 * the answer.
 * @throws MeshproofError MP-403 when the channel fails, the program answers other than 200, or the time (milliseconds)
 * is up.
 */
export const readPage = async (
  kube: KubeClient,
  { namespace, pod, port, path }: PodPage,
  within = 30_000,
): Promise<string> => {
  const broken = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-403', {
      what: 'A page of a pod could not be read',
      where: `${namespace}/${pod}, port ${port}, ${path}`,
      why,
      next: 'This says nothing about the mesh. Run the same command again.',
      cause,
    })
  const [toPod, fromPod, refusal] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const channel = Duplex.from({ writable: toPod, readable: fromPod })
  // Without a listener, the error of a channel that is closed early would end this process.
  channel.on('error', () => undefined)
  const opening = new (kubernetes().PortForward)(kube.config).portForward(
    namespace,
    pod,
    [port],
    fromPod,
    refusal,
    toPod,
  )
  const timer = Promise.withResolvers<never>()
  const late = setTimeout(() => {
    timer.reject(broken(`no answer within ${within / 1000} s`))
  }, within)
  const answer = async (): Promise<string> => {
    const socket = await opening
    return new Promise((resolve, reject) => {
      socket.onerror = ({ message }: { message: string }) => {
        reject(broken(message))
      }
      socket.onclose = () => {
        reject(broken('the connection closed early'))
      }
      refusal.once('data', (message: Buffer) => {
        reject(broken(message.toString().trim()))
      })
      request({ path, host: 'localhost', createConnection: () => channel }, (response) => {
        text(response).then((page) => {
          if (response.statusCode === 200) resolve(page)
          else reject(broken(`${response.statusCode ?? ''} ${page.slice(0, 200)}`))
        }, reject)
      })
        .on('error', reject)
        .end()
    })
  }
  try {
    return await Promise.race([answer(), timer.promise])
  } catch (error) {
    throw error instanceof MeshproofError ? error : broken(reasonOf(error), error)
  } finally {
    clearTimeout(late)
    channel.destroy()
    void opening.then(
      (socket) => {
        socket.close()
      },
      () => undefined,
    )
  }
}
