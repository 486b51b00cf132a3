import { request } from 'node:http'
import { Duplex, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { PortForward } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '../errors.ts'
import type { KubeClient } from './client.ts'

/** A page that a program serves inside a pod, on the pod’s own localhost. */
export type PodPage = { namespace: string; pod: string; port: number; path: string }

/**
 * Reads a page through a forwarded port. Unlike a command in the container it starts no program there, which costs a hundred times what the answer does.
 * @throws MeshproofError MP-403 when the channel fails, the program answers other than 200, or the time (milliseconds) is up.
 */
export const readPage = async (kube: KubeClient, { namespace, pod, port, path }: PodPage, within = 30_000): Promise<string> => {
  const broken = (why: string, cause?: unknown): MeshproofError => new MeshproofError('MP-403', {
    what: 'A page of a pod could not be read', where: `${namespace}/${pod}, port ${port}, ${path}`, why, next: 'This says nothing about the mesh; run again.', cause,
  })
  const [toPod, fromPod, refusal] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const channel = Duplex.from({ writable: toPod, readable: fromPod })
  const socket = await new PortForward(kube.config).portForward(namespace, pod, [port], fromPod, refusal, toPod).catch((error: unknown) => { throw broken(reasonOf(error), error) })
  try {
    return await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => { reject(broken(`no answer within ${within / 1000} s`)) }, within)
      const fail = (why: string, cause?: unknown): void => { clearTimeout(timer); reject(broken(why, cause)) }
      refusal.once('data', (words: Buffer) => { fail(words.toString().trim()) })
      socket.onerror = ({ message }: { message: string }) => { fail(message) }
      socket.onclose = () => { fail('the connection closed early') }
      const asking = request({ path, host: 'localhost', createConnection: () => channel }, (response) => {
        text(response).then((page) => {
          clearTimeout(timer)
          if (response.statusCode === 200) resolve(page)
          else fail(`${response.statusCode ?? ''} ${page.slice(0, 200)}`)
        }, (error: unknown) => { fail(reasonOf(error), error) })
      })
      asking.on('error', (error) => { fail(reasonOf(error), error) })
      asking.end()
    })
  } finally {
    channel.destroy()
    socket.close()
  }
}
