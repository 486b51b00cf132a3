import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Ends this program. Node can hang in its own shutdown (nodejs/node#54918), so the launcher (scripts/with-node.mjs)
 * hears the exit code first: where the end does not come by itself, it sees to it. Started without a launcher, the
 * program just exits.
 */
export const leave = async (exitCode: number): Promise<never> => {
  const told = new Promise<void>((resolve) => {
    // Thanks to the callback, a launcher that is gone is no error event; whether it has heard makes no difference here.
    if (process.send)
      process.send({ exitCode }, undefined, undefined, () => {
        resolve()
      })
    else resolve()
  })
  await Promise.race([told, sleep(500)])
  process.exit(exitCode)
}
