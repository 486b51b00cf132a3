// Runs a TypeScript file of a checkout under the Node of the lockfile, after installing the dependencies of the
// lockfile if they are missing or out of date. Runs a JavaScript file of an installed package under the Node that is at
// hand. It is plain JavaScript without dependencies, since it runs before there are any, and in the syntax of Node 12.
import { spawn, spawnSync } from 'child_process'
import { createHash } from 'crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'fs'
import { homedir } from 'os'
import { dirname, join, resolve } from 'path'
import process from 'process'
import { fileURLToPath } from 'url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules', '.meshproof-lock')
const windows = process.platform === 'win32'
const nodeProgram = windows ? 'node.exe' : 'node'
const nodeOfLockfile = join(root, 'node_modules', 'node', 'bin', nodeProgram)

/**
 * Prints an error as the command line does.
 * @param {string} problem its code and what is wrong
 * @param {string} next the next step
 */
const say = (problem, next) => {
  process.stderr.write(`${problem}\n  next: ${next}\n`)
}

/**
 * Whether the user has run `npm ci` since the lockfile changed. npm writes its record last, so a record without the rest
 * does not happen.
 * @returns {boolean} whether all packages are there, the Node among them, which `--omit=dev` leaves out
 */
const npmInstalled = () => {
  const record = join(root, 'node_modules', '.package-lock.json')
  return existsSync(record) && existsSync(nodeOfLockfile) && statSync(record).mtimeMs >= statSync(lockfile).mtimeMs
}

const installDependencies = () => {
  const lock = createHash('sha256').update(readFileSync(lockfile)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  if (!npmInstalled()) install()
  writeFileSync(stamp, lock)
}

const install = () => {
  process.stderr.write('Installing the dependencies of the lockfile (once).\n')
  const npm = spawnSync(windows ? 'npm.cmd' : 'npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    shell: windows,
    env: Object.assign({}, process.env, { NODE_ENV: '' }),
  })
  if (npm.status === 0) return
  const why =
    (npm.stderr || '')
      .split('\n')
      .map((line) => line.replace(/^npm error ?/, ''))
      .find((line) => line && !line.startsWith('code ')) || 'npm ci failed'
  say(
    `MP-001  The dependencies could not be installed: ${why}`,
    'Check the network and the npm registry, then run the same command again.',
  )
  process.exit(npm.signal === 'SIGINT' ? 130 : 2)
}

// Node keeps the code that it compiled, and each command starts in half the time. The folder is in the user's cache
// (harness/images/cache.ts): code in a folder for everybody could be somebody else's. Node does without the cache where
// the folder cannot be written.
const compiled = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meshproof', 'compiled')

/**
 * Runs a file of a checkout under Node 24 and passes signals on to it.
 * @param {string[]} args the file and its arguments
 * @returns {Promise<number>} the exit code
 */
export const runUnderNode24 = (args) => {
  installDependencies()
  const node = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : nodeOfLockfile
  return run(node, args, 'Remove node_modules and run the same command again.')
}

/**
 * The oldest Node that an installed package runs under: `engines` in package.json.
 * @param {string} version a version of Node
 * @returns {boolean} whether it is new enough
 */
const isNewEnough = (version) => {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 22)
}

/**
 * The Node of the npm package `node`, if the user’s project has installed it and it is new enough.
 * @param {string} folder where to look first; its parent folders follow
 * @returns {string | undefined} the path of the program
 */
const nodeOfProject = (folder) => {
  const installed = join(folder, 'node_modules', 'node')
  const program = join(installed, 'bin', nodeProgram)
  if (existsSync(program) && isNewEnough(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).version))
    return program
  return dirname(folder) === folder ? undefined : nodeOfProject(dirname(folder))
}

/**
 * Whether a project has the npm package `node` without its program: pnpm and Yarn run install scripts only where the
 * project allows them, and that of this package brings the program (under Yarn 4 it ends with an error).
 * @param {string} folder the folder of the project
 * @returns {boolean} whether the program is missing
 */
const lacksProgram = (folder) => {
  const installed = join(folder, 'node_modules', 'node')
  return existsSync(installed) && !existsSync(join(installed, 'bin', nodeProgram))
}

/**
 * Runs a file of an installed package and passes signals on to it.
 * @param {string[]} args the file and its arguments
 * @returns {Promise<number>} the exit code
 */
export const runInstalled = (args) => {
  if (process.versions.pnp) {
    say(
      'MP-004  meshproof does not run under Yarn Plug’n’Play: other programs read its files, and cannot read archives.',
      'Put “nodeLinker: node-modules” into .yarnrc.yml, run yarn install, then the same command again.',
    )
    return Promise.resolve(2)
  }
  const node = isNewEnough(process.versions.node) ? process.execPath : nodeOfProject(process.cwd())
  if (node === undefined) {
    say(
      `MP-003  Node ${process.versions.node} is too old: meshproof needs Node 22.22 or newer.`,
      lacksProgram(process.cwd())
        ? 'This project’s package node has no program, since its install script did not run. Install a newer Node, or ' +
            'allow that script (for pnpm: “allowBuilds: { node: true }” in pnpm-workspace.yaml) and install again.'
        : 'Install a newer Node, or add one to this project: npm install --save-dev node@24',
    )
    return Promise.resolve(2)
  }
  return run(node, args, 'Install Node 22.22 or newer and run the same command again.')
}

/**
 * Runs a file in a process of its own and passes signals on to it.
 * @param {string} node the program that runs it
 * @param {string[]} args the file and its arguments
 * @param {string} next what to do when the program cannot be started
 * @returns {Promise<number>} the exit code
 */
const run = (node, args, next) => {
  const quiet = ['ExperimentalWarning', 'MODULE_TYPELESS_PACKAGE_JSON'].map((name) => `--disable-warning=${name}`)
  const child = spawn(node, quiet.concat(args), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({ NODE_COMPILE_CACHE: compiled }, process.env),
  })
  // Node can hang in its own shutdown (nodejs/node#54918). A program that has reported its exit code
  // (harness/cli/leave.ts) has nothing left to do: it gets a second to end.
  let reported = 2
  child.on('message', ({ exitCode }) => {
    reported = exitCode
    setTimeout(() => {
      child.kill('SIGKILL')
    }, 1000).unref()
  })
  // The parent waits for the child alone, and not for other processes that hold its channel.
  if (child.channel) child.channel.unref()
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
      say(`MP-002  ${node} cannot be started.`, next)
      done(2)
    })
    child.on('exit', (code, signal) => {
      const codes = { SIGINT: 130, SIGTERM: 143, SIGKILL: reported }
      done(code !== null ? code : signal in codes ? codes[signal] : 2)
    })
  })
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  void runUnderNode24(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode
  })
