import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import { missingCapabilities } from '#engine/capabilities.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { getImages } from '#images/get-images.ts'
import { byHandEnvironment, byHandScript } from '../../../scripts/by-hand.ts'
import { clusterContents } from './cluster-contents.ts'

/** A lab that the harness did not create. */
export type ByHandLab = {
  contexts: string[]
  kubeconfig: string
  kubectlProgram: string
  /** Runs kubectl against the cluster of a context. Returns its output. */
  kubectl: (context: string, ...args: string[]) => Promise<string>
  /** Every object of each cluster. */
  contents: () => Promise<Record<string, unknown>[]>
  /** The same, as soon as it has not changed for 20 seconds. The status of a new object changes for a while. */
  settledContents: () => Promise<Record<string, unknown>[]>
  down: () => Promise<void>
}

/** Brings such a lab up; it stays until `down`. */
export const byHandLab = async (topology: string): Promise<ByHandLab> => {
  const images = await getImages(
    { images: 'auto' },
    { engine: await ensureEngine(() => undefined), say: () => undefined, progress: () => undefined },
  )
  const environment = byHandEnvironment(images, (await missingCapabilities()).length > 0)
  const child = execa('bash', [byHandScript, topology], {
    env: { ...environment, THEN: 'echo "kubeconfig $KUBECONFIG"; sleep infinity' },
    all: true,
    reject: false,
    stdin: 'ignore',
    detached: true,
    forceKillAfterDelay: false,
  })
  let output = ''
  const kubeconfig = await new Promise<string>((resolve, reject) => {
    child.all.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const found = /^kubeconfig (\S+)$/m.exec(output)?.[1]
      if (found) resolve(found)
    })
    void child.then(() => {
      reject(new Error(output))
    })
  })
  const contexts = [1, 2].map((number) => `kind-${environment['NAME']}-cluster${number}`)
  const kubectl = async (context: string, ...args: string[]): Promise<string> =>
    (await execa(images.kubectl, ['--context', context, ...args], { env: { KUBECONFIG: kubeconfig }, maxBuffer: 1e9 }))
      .stdout
  const contents = (): Promise<Record<string, unknown>[]> =>
    Promise.all(contexts.map((context) => clusterContents((...args) => kubectl(context, ...args))))
  return {
    contexts,
    kubeconfig,
    kubectlProgram: images.kubectl,
    kubectl,
    contents,
    settledContents: async () => {
      for (let last = await contents(); ;) {
        await sleep(20_000)
        const now = await contents()
        if (isDeepStrictEqual(last, now)) return now
        last = now
      }
    },
    down: async () => {
      child.kill('SIGTERM')
      await child
    },
  }
}
