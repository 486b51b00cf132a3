import { copyFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseAction } from '@actions/workflow-parser/actions/action-parser'
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Manifest, type Outcome, runAction, type Surroundings } from '#testing/composite-action.ts'
import { scratchFolder } from '#testing/edge.ts'
import { readArguments } from './arguments.ts'

const root = resolve(import.meta.dirname, '../..')
const manifest = (): Promise<string> => readFile(join(root, 'action.yml'), 'utf8')
const trace = new NoOperationTraceWriter()

const problemsOf = (content: string): string[] =>
  parseAction({ name: 'action.yml', content }, trace).context.errors.getErrors().map(String)

/** The action with a program in place of meshproof: a Node script that also gets the folder of the workspace. */
const actionWith = async (program: string): Promise<string> => {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'scripts'))
  for (const path of ['action.yml', 'scripts/action.mjs', 'package.json'])
    await copyFile(join(root, path), join(folder, path))
  await writeFile(join(folder, 'scripts/meshproof.mjs'), program)
  return folder
}

const printsArguments = "console.log('arguments ' + JSON.stringify(process.argv.slice(2)))"
const argumentsIn = ({ printed }: Outcome): unknown =>
  JSON.parse(/^arguments (.*)$/m.exec(printed)?.[1] ?? 'null') as unknown

const fakeRun = async (
  program: string,
  inputs: Record<string, string>,
  surroundings: Partial<Surroundings> = {},
): Promise<Outcome & { workspace: string }> => {
  const workspace = await scratchFolder()
  return { ...(await runAction(await actionWith(program), inputs, { workspace, ...surroundings })), workspace }
}

const actionsUsed = ({ used }: Outcome): string[] => used.map(({ uses }) => uses.replace(/@.*/, ''))

describe('action.yml', () => {
  test('follows the schema of GitHub', async () => {
    const content = await manifest()
    expect(problemsOf(content)).toEqual([])
    expect(problemsOf(content.replace('using: composite', 'using: compost'))).not.toEqual([])
    expect(problemsOf(content.replace('shell: bash', 'shells: bash'))).not.toEqual([])
  })

  test('has no expression in the text for a shell, where an input could become a command', async () => {
    const { runs } = Manifest.parse(parse(await manifest()))
    const scripts = runs.steps.flatMap(({ run }) => run ?? [])
    expect(scripts).toHaveLength(2)
    expect(scripts.join()).not.toContain('${{')
    expect(runs.steps.filter(({ run, shell }) => run !== undefined && shell !== 'bash')).toEqual([])
  })

  test('has flags of the command line as inputs', async () => {
    const { inputs } = Manifest.parse(parse(await manifest()))
    const own = ['command', 'flags', 'working-directory', 'cache', 'artifact']
    const flags = Object.keys(inputs).filter((name) => !own.includes(name))
    const given = Object.fromEntries(flags.map((name) => [name, 'x']))
    const expected = flags.map((name) => `--${name}=x`)
    expect(argumentsIn(await fakeRun(printsArguments, given))).toEqual(['test', ...expected])
    const values = {
      topology: 'gateway',
      istio: '1.31',
      kubernetes: '1.34',
      kind: '0.33.0',
      suite: 'net.*',
      images: 'source',
    }
    for (const [name, value] of Object.entries(values)) {
      expect(flags).toContain(name)
      expect(readArguments(['test', `--${name}=${value}`], {})).toMatchObject({ command: 'test' })
    }
    expect(readArguments(['diagnose', '--contexts=east,west'], {})).toMatchObject({ command: 'diagnose' })
    expect(flags.toSorted()).toEqual([...Object.keys(values), 'contexts'].toSorted())
  })
})

describe('the inputs', () => {
  test('are left to the config file where they are empty', async () => {
    expect(argumentsIn(await fakeRun(printsArguments, {}))).toEqual(['test'])
  })

  test('are one argument each, whatever a shell would make of it', async () => {
    const hostile = {
      topology: 'gateway; touch x',
      contexts: 'east$(touch x)',
      istio: '1.31`touch x`',
      kubernetes: '1.34" && touch x && "',
      kind: "0.33.0' | touch x #",
      suite: 'net.*\ntouch x',
      images: '${{ github.token }}',
    }
    const outcome = await fakeRun(printsArguments, hostile)
    expect(argumentsIn(outcome)).toEqual([
      'test',
      ...Object.entries(hostile).map(([name, value]) => `--${name}=${value}`),
    ])
    expect(await readdir(outcome.workspace)).not.toContain('x')
  })

  test('flags are words, with quotes as a shell has them, and nothing is expanded', async () => {
    const flags = `--mtls=off  --pins='my pins.yaml'\n--report-dir="a b" --x=it\\'s $HOME; $(touch x) 'it'\\''s'`
    expect(argumentsIn(await fakeRun(printsArguments, { flags }))).toEqual([
      'test',
      '--mtls=off',
      '--pins=my pins.yaml',
      '--report-dir=a b',
      "--x=it's",
      '$HOME;',
      '$(touch',
      'x)',
      "it's",
    ])
  })

  test('a quote that is not closed ends the step', async () => {
    expect(await fakeRun(printsArguments, { flags: `--pins='a b` })).toMatchObject({
      failed: true,
      printed: expect.stringContaining('A quote is not closed'),
      outputs: { verdict: 'not-run', report: '' },
    })
  })

  test('the command takes a cell as matrix writes it', async () => {
    const command = 'test --topology=gateway --istio=1.30.4'
    expect(argumentsIn(await fakeRun(printsArguments, { command }))).toEqual(command.split(' '))
  })
})

/** Ends as a test with a failed check does. */
const failedTest = `import { appendFileSync, mkdirSync } from 'node:fs'
mkdirSync('reports/run', { recursive: true })
appendFileSync(process.env.GITHUB_OUTPUT, 'verdict=fail\\nreport=reports/run\\nfirst-broken-layer=gateways\\n')
process.exitCode = 1`

/** A cache of which these artifacts are old. */
const cacheWith = async (...names: string[]): Promise<{ folder: string; environment: Record<string, string> }> => {
  const XDG_CACHE_HOME = await scratchFolder()
  const folder = join(XDG_CACHE_HOME, 'meshproof/artifacts')
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true })
    await utimes(join(folder, name), 1, 1)
  }
  return { folder, environment: { XDG_CACHE_HOME } }
}

describe('a run', () => {
  test('that fails fails the step, sets the outputs, uploads the report and keeps the cache', async () => {
    const { folder, environment } = await cacheWith('kind-1')
    const outcome = await fakeRun(failedTest, { topology: 'gateway' }, { environment })
    expect(outcome).toMatchObject({
      failed: true,
      outputs: { verdict: 'fail', report: 'reports/run', 'first-broken-layer': 'gateways' },
    })
    expect(actionsUsed(outcome)).toEqual([
      'actions/setup-node',
      'actions/cache/restore',
      'actions/cache/save',
      'actions/upload-artifact',
    ])
    const [, restore, save, upload] = outcome.used
    expect(restore?.with).toMatchObject({ path: folder })
    expect(save?.with).toEqual({ path: folder, key: expect.stringContaining(restore?.with['key'] ?? 'none') })
    expect(upload?.with).toEqual({ name: 'meshproof', path: 'reports/run' })
  })

  test('that ends without results has no verdict and no report', async () => {
    const outcome = await fakeRun('process.exitCode = 2', {})
    expect(outcome).toMatchObject({
      failed: true,
      outputs: { verdict: 'not-run', report: '', 'first-broken-layer': '' },
    })
    expect(actionsUsed(outcome)).not.toContain('actions/upload-artifact')
  })

  test('uploads and keeps nothing where nothing is to be', async () => {
    const outcome = await fakeRun(failedTest, { cache: 'false', artifact: '' })
    expect(actionsUsed(outcome)).toEqual(['actions/setup-node'])
  })

  test('begins with the cache of this question, or of another one with the same recipes', async () => {
    const keysOf = async (inputs: Record<string, string>): Promise<string[]> => {
      const restore = (await fakeRun('', inputs)).used.find(({ uses }) => uses.startsWith('actions/cache/restore'))
      const beginnings = restore?.with['restore-keys']?.trim().split('\n') ?? []
      expect(beginnings[0]).toBe(restore?.with['key'])
      return beginnings
    }
    const [one, other] = [await keysOf({ kubernetes: '1.33' }), await keysOf({ kubernetes: '1.34' })]
    expect(one[0]).not.toBe(other[0])
    expect(one[1]).toBe(other[1])
    expect(other[0]).toMatch(new RegExp(`^${other[1]}[0-9a-f]{16}-$`))
  })

  test('keeps what it has added to the cache, and no cache twice', async () => {
    const { folder, environment } = await cacheWith('kind-1')
    const keyAfter = async (program: string, restored = ''): Promise<string | undefined> => {
      const answers = { 'actions/cache/restore': { 'cache-matched-key': restored } }
      const { used } = await fakeRun(program, {}, { environment, answers })
      return used.find(({ uses }) => uses.startsWith('actions/cache/save'))?.with['key']
    }
    const first = await keyAfter('')
    expect(first).toMatch(/-[0-9a-f]{16}$/)
    expect(await keyAfter('', first)).toBeUndefined()
    expect(await keyAfter('', `of-another-question-${first?.split('-').at(-1)}`)).toBeUndefined()
    const second = await keyAfter(`(await import('node:fs')).mkdirSync('${folder}/kind-2')`, first)
    expect([second?.slice(0, -16), second === first]).toEqual([first?.slice(0, -16), false])
  })

  test('keeps the node image that it has used, and no other', async () => {
    const { folder, environment } = await cacheWith('node-archive-old', 'node-archive-used', 'kind-1')
    const program = `import { utimesSync } from 'node:fs'
utimesSync('${folder}/node-archive-used', new Date(), new Date())
console.log('arguments ' + JSON.stringify(process.env.MESHPROOF_KEEP_NODE_IMAGE ?? null))`
    expect(argumentsIn(await fakeRun(program, { cache: 'false' }, { environment }))).toBeNull()
    expect(await readdir(folder)).toHaveLength(3)
    expect(argumentsIn(await fakeRun(program, {}, { environment }))).toBe('1')
    expect((await readdir(folder)).sort()).toEqual(['kind-1', 'node-archive-used'])
    expect(argumentsIn(await fakeRun(program, { cache: 'programs' }, { environment }))).toBeNull()
    expect(await readdir(folder)).toEqual(['kind-1'])
  })

  test.each(['list', 'doctor', 'diagnose', 'test --plan', 'report reports'])(
    'of %s needs no cache',
    async (command) => {
      expect(actionsUsed(await fakeRun('', { command }))).not.toContain('actions/cache/restore')
    },
  )

  test('in a folder of the checkout looks up files there, and names its report from the top', async () => {
    const workspace = await scratchFolder()
    await mkdir(join(workspace, 'services/mesh'), { recursive: true })
    const inputs = { command: 'diagnose', 'working-directory': 'services/mesh' }
    const outcome = await fakeRun('console.log(JSON.stringify(process.cwd()))', inputs, { workspace })
    const { report = '' } = outcome.outputs
    expect(report).toMatch(/^services\/mesh\/reports\/diagnosis-/)
    const text = await readFile(join(workspace, report, 'diagnosis.json'), 'utf8')
    expect(JSON.parse(text)).toBe(join(workspace, 'services/mesh'))
  })

  test('of diagnose makes a report of its document, and needs no cache', async () => {
    const program = `console.error('first broken layer: names'); console.log(JSON.stringify(process.argv.slice(2)))`
    const outcome = await fakeRun(program, { command: 'diagnose', contexts: 'east,west', flags: '--probe' })
    expect(outcome.printed).toContain('first broken layer: names')
    const { report = '' } = outcome.outputs
    const text = await readFile(join(outcome.workspace, report, 'diagnosis.json'), 'utf8')
    expect(JSON.parse(text)).toEqual(['diagnose', '--contexts=east,west', '--probe', '--output=json'])
    expect(actionsUsed(outcome)).toEqual(['actions/setup-node', 'actions/upload-artifact'])
  })
})

describe('with meshproof itself', () => {
  const realRun = async (inputs: Record<string, string>): Promise<Outcome & { workspace: string }> => {
    const workspace = await scratchFolder()
    return { ...(await runAction(root, inputs, { workspace })), workspace }
  }

  test('a plan works', async () => {
    expect(await realRun({ command: 'test --plan', topology: 'gateway' })).toMatchObject({
      failed: false,
      printed: expect.stringContaining('cluster1: control plane'),
    })
  })

  test('a topology that is a command is a topology that does not exist', async () => {
    const outcome = await realRun({ topology: 'gateway; touch x' })
    expect(outcome).toMatchObject({ failed: true, printed: expect.stringMatching(/^MP-1\d\d .*gateway; touch x/m) })
    expect(outcome.outputs).toMatchObject({ verdict: 'not-run' })
    expect((await readdir(outcome.workspace)).filter((name) => !name.startsWith('.runner'))).toEqual([])
  })

  test('a diagnosis without clusters leaves no empty report', async () => {
    const outcome = await realRun({ command: 'diagnose', contexts: 'east,west', flags: '--kubeconfig=none' })
    expect(outcome).toMatchObject({ failed: true, outputs: { verdict: 'not-run', report: '' } })
    expect(outcome.printed).toMatch(/^MP-116 /m)
    expect(await readdir(join(outcome.workspace, 'reports'))).toEqual([])
  })
})

test('the workflows in the documents follow the schema of GitHub', async () => {
  const problems: string[] = []
  const found: string[] = []
  for (const name of (await readdir(join(root, 'docs'))).filter((file) => file.endsWith('.md'))) {
    const text = await readFile(join(root, 'docs', name), 'utf8')
    const blocks = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => block)
    for (const content of blocks.filter((block) => /^ +runs-on:/m.test(block))) {
      found.push(name)
      const { context } = parseWorkflow({ name, content }, trace)
      problems.push(...context.errors.getErrors().map(String))
    }
  }
  expect(found).toEqual(expect.arrayContaining(['install.md', 'matrix.md']))
  expect(problems).toEqual([])
})
