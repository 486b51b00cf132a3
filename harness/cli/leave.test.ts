import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { longWait, scratchFolder } from '#testing/edge.ts'

const withLeave = `import { leave } from ${JSON.stringify(join(import.meta.dirname, 'leave.ts'))}\n`
const neverEnding = "process.on('exit', () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) })\n"

const program = async (script: string): Promise<string> => {
  const path = join(await scratchFolder(), 'program.mjs')
  await writeFile(path, script)
  return path
}

/**
 * Runs a script under the launcher, in a root of its own where the dependencies count as installed: a test installs
 * nothing.
 */
const launch = async (script: string): Promise<{ exitCode: number | undefined; stderr: string }> => {
  const root = await scratchFolder()
  const launcher = join(root, 'scripts/with-node.mjs')
  for (const folder of ['scripts', 'node_modules']) await mkdir(join(root, folder))
  await copyFile(join(import.meta.dirname, '../../scripts/with-node.mjs'), launcher)
  await writeFile(join(root, 'package-lock.json'), '{}')
  await writeFile(join(root, 'node_modules/.meshproof-lock'), createHash('sha256').update('{}').digest('hex'))
  // A launcher that waits without end is told to end, and ends with 143.
  const { exitCode, stderr } = await execa(process.execPath, [launcher, await program(script)], {
    reject: false,
    ...longWait,
  })
  return { exitCode, stderr }
}

describe('under the launcher', () => {
  test.each([0, 7])('a program that leaves with %i and hangs in its shutdown ends all the same', async (exitCode) => {
    expect(await launch(`${withLeave}${neverEnding}await leave(${exitCode})`)).toEqual({ exitCode, stderr: '' })
  })

  test('the code that a program exits with counts, not the one it told', async () => {
    expect(await launch(`${withLeave}process.on('exit', () => { process.exitCode = 4 })\nawait leave(0)`)).toEqual({
      exitCode: 4,
      stderr: '',
    })
  })

  test.each([
    ['SIGKILL', 2],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('a program that %s ends has told nothing', async (signal, exitCode) => {
    expect(await launch(`process.kill(process.pid, '${signal}')\nsetInterval(() => {}, 1000)`)).toEqual({
      exitCode,
      stderr: '',
    })
  })
})

test('without a launcher the program just exits', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [await program(`${withLeave}await leave(5)`)], {
    reject: false,
  })
  expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: '' })
})

test.each([
  ['takes its time', 'sleep 0.3; wc -c', '300000'],
  ['is gone', 'true', ''],
])('a program whose reader %s prints everything that is read, and leaves', async (_, reader, read) => {
  const path = await program(
    `${withLeave}process.stdout.on('error', () => undefined)
process.stdout.write('x'.repeat(300_000))
await leave(5)`,
  )
  const { stdout, stderr } = await execa('sh', [
    '-c',
    `{ "${process.execPath}" "${path}"; echo $? >&2; } | { ${reader}; }`,
  ])
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: read, stderr: '5' })
})

test('a launcher that is gone is no error', async () => {
  const child = fork(await program(`${withLeave}process.on('disconnect', () => leave(6))`), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([6, null])
})
