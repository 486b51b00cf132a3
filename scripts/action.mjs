// The steps of the GitHub Action (action.yml). `cache` tells which folder is kept between runs, and by which keys. `run`
// runs a command of meshproof, and tells the key of what is then in the folder. Inputs come from the environment and become arguments of a program: no shell reads them.
// It is plain JavaScript without dependencies, since it runs before there are any.
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The inputs that are flags of the same name. An input without a value leaves the flag to the config file. */
const flags = ['topology', 'contexts', 'istio', 'kubernetes', 'kind', 'suite', 'images']

/** The commands that use the folder of programs and layers. */
const usesPrograms = new Set(['test', 'up', 'prove', 'upgrade', 'judge', 'cell', 'images'])

/** @type {Record<string, string | undefined>} */
const inputs = JSON.parse(process.env['INPUTS'] || '{}')

/**
 * The value of an input of the action, without spaces around it.
 * @param {string} name
 * @returns {string}
 */
const input = (name) => (inputs[name] || '').trim()

/**
 * Splits a text into words at spaces and line ends, as a POSIX shell does. Quotes and backslashes keep a character as
 * it is. Nothing is expanded.
 * @param {string} text
 * @returns {string[]}
 */
const wordsOf = (text) => {
  const word = /(?:[^\s"'\\]|\\.|"[^"]*"|'[^']*')+/gs
  const rest = text.replaceAll(word, '').trim()
  if (rest !== '') throw new Error(`A quote is not closed: ${JSON.stringify(text)}`)
  return (text.match(word) || []).map((found) =>
    found.replaceAll(/\\(.)|"([^"]*)"|'([^']*)'/gs, (_, character, double, single) => character ?? double ?? single),
  )
}

/**
 * The arguments for meshproof: the command, the flags that are inputs of their own, all other flags.
 * @returns {string[]}
 */
const commandLine = () => [
  ...wordsOf(input('command')),
  ...flags.filter((name) => input(name) !== '').map((name) => `--${name}=${input(name)}`),
  ...wordsOf(input('flags')),
]

/**
 * Sets outputs of the step. Each value stands between lines that it cannot contain.
 * @param {Record<string, string>} outputs
 */
const setOutputs = (outputs) => {
  const end = `end-${randomUUID()}`
  for (const [name, value] of Object.entries(outputs))
    appendFileSync(process.env['GITHUB_OUTPUT'] || '/dev/stderr', `${name}<<${end}\n${value}\n${end}\n`)
}

/**
 * A hash in a key of a cache.
 * @param {string[]} parts
 * @returns {string}
 */
const hashOf = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)

/**
 * The contents of a file, or of every file in a folder and below it, each after its path.
 * @param {string} path
 * @returns {string[]}
 */
const contentsOf = (path) =>
  !existsSync(path)
    ? []
    : statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .flatMap((name) => contentsOf(join(path, name)))
      : [path.slice(root.length), readFileSync(path, 'utf8')]

/** The folder that holds the programs, layers and node images of labs (harness/images/cache.ts). */
const artifacts = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'meshproof', 'artifacts')

/**
 * The folder to keep, and the beginnings of its keys: what its content is made from (the lockfile, the recipes), and in
 * `key` then what this step asks for. A folder for another question with the same recipes is good to begin with. A
 * command that creates no lab and builds no images has no folder.
 */
const cache = () => {
  const made = ['package.json', 'package-lock.json', 'fixtures/images', 'dist/fixtures/images']
  const hash = hashOf(made.flatMap((path) => contentsOf(join(root, path))))
  const recipes = `meshproof-${process.platform}-${process.arch}-${hash}-`
  const line = commandLine()
  const command = line.find((argument) => !argument.startsWith('-')) ?? 'test'
  const withoutLab = line.some((argument) => argument === '--plan' || argument.startsWith('--contexts'))
  return {
    path: input('cache') === 'false' || !usesPrograms.has(command) || withoutLab ? '' : artifacts,
    key: `${recipes}${hashOf(line)}-`,
    recipes,
  }
}

/**
 * Prepares the folder to be kept, and returns its whole key, which ends in what is in it. Archives of node images that
 * the run has not used (harness/images/node-image.ts) are deleted: the folder would otherwise grow by a gigabyte with
 * each question. Where the job began with a folder of the same content there is nothing to keep, and no key.
 * @param {number} began
 * @returns {string}
 */
const keyToKeep = (began) => {
  const { path, key } = cache()
  if (path === '' || !existsSync(path)) return ''
  for (const name of readdirSync(path).filter((found) => found.startsWith('node-archive-'))) {
    const { mtimeMs = 0 } = statSync(join(path, name), { throwIfNoEntry: false }) ?? {}
    if (input('cache') !== 'true' || mtimeMs < began) rmSync(join(path, name), { recursive: true, force: true })
  }
  const content = hashOf(
    readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .sort(),
  )
  return (process.env['RESTORED'] || '').endsWith(`-${content}`) ? '' : key + content
}

/**
 * Runs the command and passes signals on to it. meshproof itself sets the outputs (harness/report/github-step.ts). A
 * command that ends before it can has no verdict. The document of `diagnose` becomes a report.
 * @returns {Promise<number>} the exit code
 */
const run = () => {
  const line = commandLine()
  console.log(`meshproof ${JSON.stringify(line)}`)
  setOutputs({ verdict: 'not-run', report: '', 'first-broken-layer': '' })
  const folder = line[0] === 'diagnose' && !line.some((word) => word.startsWith('--output')) ? newFolder() : undefined
  const document = folder && join(folder, 'diagnosis.json')
  const began = Date.now()
  const child = spawn(
    process.execPath,
    [join(root, 'scripts', 'meshproof.mjs'), ...line, ...(document ? ['--output=json'] : [])],
    {
      stdio: ['ignore', document ? openSync(document, 'w') : 'inherit', 'inherit'],
      env: { ...process.env, ...(input('cache') === 'true' ? { MESHPROOF_KEEP_NODE_IMAGE: '1' } : {}) },
    },
  )
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
  return new Promise((done) => {
    child.on('error', (error) => {
      console.error(String(error))
      done(2)
    })
    child.on('exit', (code) => {
      if (folder && document) {
        if (statSync(document).size > 0)
          setOutputs({ report: relative(process.env['GITHUB_WORKSPACE'] || '.', resolve(folder)) })
        else rmSync(folder, { recursive: true })
      }
      setOutputs({ cache: keyToKeep(began) })
      done(code ?? 2)
    })
  })
}

/** A new folder beside the reports of runs. */
const newFolder = () => {
  mkdirSync('reports', { recursive: true })
  return mkdtempSync(join('reports', 'diagnosis-'))
}

try {
  if (process.argv[2] === 'cache') setOutputs(cache())
  else process.exitCode = await run()
} catch (error) {
  console.error(String(error))
  process.exitCode = 2
}
