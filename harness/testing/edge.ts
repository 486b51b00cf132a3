import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

// Fakes at the edge of the product: folders, programs and variables. All of them end with the test.

/** How long a test waits for something that comes at once, except on a machine with much other work. */
export const longWait = { timeout: 240_000 }

/** Creates an empty folder and returns its path. */
export const scratchFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-test-'))
  // A program that the test has started can still be writing.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** Sets a variable of the environment until the test is over. */
export const setVariable = (name: string, value: string): void => {
  vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
}

/** Gives the test an empty cache. Returns the folder that XDG_CACHE_HOME points to. */
export const emptyCache = async (): Promise<string> => {
  const folder = await scratchFolder()
  setVariable('XDG_CACHE_HOME', folder)
  return folder
}

/** Makes a shell script the first program of a name on PATH. */
export const fakeProgram = async (name: string, script: string): Promise<void> => {
  const folder = await scratchFolder()
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  setVariable('PATH', [folder, process.env['PATH']].join(delimiter))
}

/** A shell script that prints a text to stderr and fails. */
export const failingWith = (stderr: string, exitCode = 1): string => `cat >&2 <<'END'\n${stderr}\nEND\nexit ${exitCode}`

/** Sets PATH to a folder without programs. */
export const withoutPrograms = async (): Promise<void> => setVariable('PATH', await scratchFolder())

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Makes a server listen on 127.0.0.1 until the test is over. Returns its port. */
export const listening = async (server: Server & { closeAllConnections?: () => void }): Promise<number> => {
  const port = await portOf(server)
  onTestFinished(() => {
    server.closeAllConnections?.()
    server.close()
  })
  return port
}

/** The address of a port at which nothing listens. */
export const unusedAddress = async (): Promise<string> => {
  const server = createServer()
  const port = await portOf(server)
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return `127.0.0.1:${port}`
}

/**
 * The seconds for which this thread is at work on something. Unlike the time of a clock, they do not grow where the
 * machine has other work.
 */
export const processorSeconds = (work: () => void): number => {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1e6
}

/** The error that a promise is rejected with. @throws Error when the promise is fulfilled. */
export const errorOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`not rejected, but fulfilled with ${String(value)}`)
    },
    (error: unknown) => error,
  )
