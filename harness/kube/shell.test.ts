import { execa } from '#programs.ts'
import { describe, expect, test } from 'vitest'
import { resultIn, scriptOf } from './shell.ts'

/** What a shell on this machine makes of the lines for a command. */
const run = async (command: string[]): Promise<ReturnType<typeof resultIn>> => {
  const { stdout, stderr } = await execa('sh', [], { input: scriptOf(command, 'mark'), stripFinalNewline: false })
  return resultIn('mark', stdout, stderr)
}

describe('a command in an open shell', () => {
  test('returns what it printed on each stream, and its exit code', async () => {
    expect(await run(['sh', '-c', 'echo out; printf err >&2; exit 7'])).toEqual({
      stdout: 'out\n',
      stderr: 'err',
      exitCode: 7,
    })
  })

  test('gets its arguments as they are', async () => {
    const words = ["it's", '$HOME', 'two\nlines', '`id`', '"', '\\', '']
    expect(await run(['printf', '<%s>', ...words])).toMatchObject({ stdout: words.map((word) => `<${word}>`).join('') })
  })

  test('does not read the commands that follow it', async () => {
    expect(await run(['cat'])).toEqual({ stdout: '', stderr: '', exitCode: 0 })
  })

  test('that is missing says so', async () => {
    expect(await run(['no-such-program'])).toMatchObject({ stdout: '', exitCode: 127 })
  })

  test('has not ended before both streams say so', () => {
    expect(resultIn('mark', 'out mark 0\n', 'mar')).toBeUndefined()
    expect(resultIn('mark', 'out mark 0', 'mark\n')).toBeUndefined()
    expect(resultIn('mark', 'out', 'mark\n')).toBeUndefined()
  })
})
