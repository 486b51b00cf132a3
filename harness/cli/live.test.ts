import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { longWait, scratchFolder } from '#testing/edge.ts'
import { seenOn } from '#testing/screen.ts'

const program = join(import.meta.dirname, '../testing/live-command.ts')
const environment = { CI: '', NO_COLOR: '', FORCE_COLOR: undefined, TERM: 'xterm', GITHUB_ACTIONS: '' }
const hasScript = (await execa('script', ['--version'], { reject: false })).stdout.includes('util-linux')

/** Runs the command on a terminal of 60 columns. `keys` are pressed, or a signal is sent, once it is at work. */
const onTerminal = async (
  args: string[],
  { keys, signal, env = {} }: { keys?: string; signal?: 'SIGTERM'; env?: NodeJS.ProcessEnv } = {},
): Promise<{ written: string; exitCode: number | undefined }> => {
  const command = `stty cols 60 rows 24; echo "pid $$"; exec '${process.execPath}' '${program}' ${args.join(' ')}`
  const running = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...environment, ...env },
    reject: false,
    ...longWait,
  })
  let written = ''
  running.stdout.on('data', (chunk: Buffer) => {
    const before = written
    written += chunk.toString()
    if (before.includes('ready') || !written.includes('ready')) return
    if (keys !== undefined) running.stdin.write(keys)
    if (signal !== undefined) process.kill(Number(/pid (\d+)/.exec(written)?.[1]), signal)
  })
  const { exitCode } = await running
  return { written, exitCode }
}

const [hide, show] = ['\u001b[?25l', '\u001b[?25h']

describe.skipIf(!hasScript)('on a real terminal', () => {
  test.concurrent.each([
    ['ends', ['returns'], {}, 0, ['✓    1.2 s  cluster1: created']],
    ['is interrupted by Ctrl-C', ['waits'], { keys: '\u0003' }, 130, [expect.stringContaining('Interrupted: ')]],
    ['is ended by SIGTERM', ['waits'], { signal: 'SIGTERM' }, 130, []],
    ['breaks', ['throws'], {}, 1, [expect.stringContaining('it broke')]],
    ['leaves at once', ['exits'], {}, 130, []],
  ] as const)('a command that %s shows live lines, and leaves the cursor', async (_, args, options, code, last) => {
    const { written, exitCode } = await onTerminal([...args], options)
    expect(exitCode).toBe(code)
    const [atWork = ''] = /^[^]*created \d+ s/.exec(written.slice(0, written.indexOf('ready'))) ?? []
    expect(await seenOn(atWork, { columns: 60 })).toEqual([
      expect.stringMatching(/^pid /),
      'a line that stays',
      expect.stringMatching(/^[⠀-⣿] cluster1: created \d+ s$/),
    ])
    expect(written).toContain(hide)
    expect(written.lastIndexOf(show)).toBeGreaterThan(written.lastIndexOf(hide))
    const seen = await seenOn(written, { columns: 60 })
    for (const line of last) expect(seen).toContainEqual(line)
    if (args[0] !== 'exits') expect(seen.filter((line) => /created \d+ s/.test(line))).toEqual([])
  })

  test.concurrent('CI keeps the cursor where it is', async () => {
    const { written } = await onTerminal(['returns'], { env: { CI: 'true' } })
    expect(written).not.toContain(hide)
    expect(written).not.toMatch(/created \d+ s/)
    expect(written).toContain('a line that stays')
  })

  test.concurrent('--verbose shows programs above the live lines, without secrets', async () => {
    const { written } = await onTerminal(['returns', '--verbose'])
    const seen = await seenOn(written, { columns: 60 })
    expect(seen).toContain("[0] $ sh -c 'exit 0' '--password=[redacted]'")
    expect(seen).toContainEqual(expect.stringMatching(/^\[0\] \d+\.\d s$/))
  })
})

test.concurrent('without a terminal the lines are as before, and the programs go to standard error', async () => {
  const { stdout, stderr } = await execa(process.execPath, [program, 'returns', '--verbose'], { env: environment })
  expect(stdout).toBe('a line that stays\n✓    1.2 s  cluster1: created')
  expect(stderr).toMatch(/^\[0\] \$ sh -c 'exit 0' '--password=\[redacted\]'\n\[0\] \d+\.\d s\nready$/)
})

test.each(['test', 'judge', 'diagnose'])('%s --verbose shows the programs of a kubeconfig', async (command) => {
  const kubeconfig = join(await scratchFolder(), 'kubeconfig')
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', 'exit 3'],
    interactiveMode: 'Never',
  }
  const names = ['east', 'west']
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: names.map((name) => ({ name, cluster: { server: 'http://127.0.0.1:1' } })),
    users: [{ name: 'user', user: { exec } }],
    contexts: names.map((name) => ({ name, context: { cluster: name, user: 'user' } })),
  }
  await writeFile(kubeconfig, JSON.stringify(content))
  const main = join(import.meta.dirname, 'main.ts')
  const args = [main, command, '--verbose', '--contexts=east,west', `--kubeconfig=${kubeconfig}`]
  const { stderr } = await execa(process.execPath, args, { env: environment, reject: false })
  expect(stderr).toContain("[0] $ sh -c 'exit 3'\n")
  expect(stderr).toContain('MP-117')
})
