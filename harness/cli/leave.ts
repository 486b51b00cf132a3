import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Ends this program. Node can hang in its own shutdown (nodejs/node#54918), so the program first sends its exit code
 * to the launcher (scripts/with-node.mjs), which ends a program that hangs. Without a launcher, the program just
 * exits.
 */
export const leave = async (exitCode: number): Promise<never> => {
  const exitCodeSent = new Promise<void>((resolve) => {
    // With a callback, a missing launcher causes no error event. Whether it got the code does not matter here.
    if (process.send)
      process.send({ exitCode }, undefined, undefined, () => {
        resolve()
      })
    else resolve()
  })
  await Promise.race([exitCodeSent, sleep(500)])
  process.exit(exitCode)
}
