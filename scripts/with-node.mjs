// Runs a TypeScript file under the Node of the lockfile. It first installs the dependencies of the lockfile if they are
// missing or out of date. It is plain JavaScript without dependencies, since it runs before there are any.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

const root = resolve(import.meta.dirname, '..')
const stamp = join(root, 'node_modules', '.meshproof-lock')

const installDependencies = () => {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('Installing the dependencies of the lockfile (once).\n')
  const windows = process.platform === 'win32'
  const npm = spawnSync(windows ? 'npm.cmd' : 'npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    shell: windows,
    env: { ...process.env, NODE_ENV: '' },
  })
  if (npm.status !== 0) {
    const why =
      (npm.stderr ?? '')
        .split('\n')
        .map((line) => line.replace(/^npm error ?/, ''))
        .find((line) => line && !line.startsWith('code ')) ?? 'npm ci failed'
    process.stderr.write(
      `MP-001  The dependencies could not be installed: ${why}\n` +
        '  next: Check the network and the npm registry, then run the same command again.\n',
    )
    process.exit(npm.signal === 'SIGINT' ? 130 : 2)
  }
  writeFileSync(stamp, lock)
}

// Node keeps the code that it compiled, and each command starts in half the time. The folder is in the user's cache
// (harness/images/cache.ts): code in a folder for everybody could be somebody else's. Node does without the cache where
// the folder cannot be written.
const compiled = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meshproof', 'compiled')

/**
 * Runs a file under Node 24 and passes signals on to it.
 * @param {string[]} args the file and its arguments
 * @returns {Promise<number>} the exit code
 */
export const runUnderNode24 = (args) => {
  installDependencies()
  const node =
    Number(process.versions.node.split('.')[0]) >= 24
      ? process.execPath
      : join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { NODE_COMPILE_CACHE: compiled, ...process.env },
  })
  // Node can hang in its own shutdown (nodejs/node#54918). A program that has reported its exit code
  // (harness/cli/leave.ts) has nothing left to do: it gets a second to end.
  let reported
  child.on('message', ({ exitCode }) => {
    reported = exitCode
    setTimeout(() => {
      child.kill('SIGKILL')
    }, 1000).unref()
  })
  // The parent waits for the child alone, and not for other processes that hold its channel.
  child.channel?.unref()
  // Ctrl-C in a terminal reaches the child directly. A signal to this process alone is passed on. The child decides
  // when to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      child.kill(signal)
    })
  // npm sends SIGTERM to the shell that runs this process. The shell ends and does not pass the signal on: nothing
  // waits for this run any more.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event)
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM')
    }, 500).unref()
  return new Promise((done) => {
    child.on('error', () => {
      process.stderr.write(
        `MP-002  ${node} cannot be started.\n  next: Remove node_modules and run the same command again.\n`,
      )
      done(2)
    })
    child.on('exit', (code, signal) => {
      done(
        code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : signal === 'SIGKILL' ? (reported ?? 2) : 2),
      )
    })
  })
}

if (process.argv[1] && resolve(process.argv[1]) === resolve(import.meta.filename))
  process.exitCode = await runUnderNode24(process.argv.slice(2))
