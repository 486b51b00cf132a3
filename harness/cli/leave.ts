import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Ends this program, after whoever reads its output has taken all of it. Node can hang in its own shutdown
 * (nodejs/node#54918), so the program first sends its exit code to the launcher (scripts/with-node.mjs), which ends a
 * program that hangs. Without a launcher, the program just exits.
 */
export const leave = async (exitCode: number): Promise<never> => {
  // process.exit drops what a pipe has not taken yet: a pipe holds 64 KiB, and a document of --output=json is longer.
  await Promise.all([process.stdout, process.stderr].map(written))
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

/** Waits until a stream has handed on all that was written to it, or until its reader is gone. */
const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writableLength === 0) resolve()
    else
      stream.write('', () => {
        resolve()
      })
  })
