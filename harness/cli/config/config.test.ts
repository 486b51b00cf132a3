import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readArguments } from '#cli/arguments.ts'
import type { Code } from '#codes/index.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { loadConfig } from './load.ts'
import type { Config } from './schema.ts'

const folderWith = async (files: Record<string, string>): Promise<string> => {
  const folder = await scratchFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}
const read = (content: unknown, ...argv: string[]): unknown => {
  const invocation = readArguments(argv, {}, { path: 'meshproof.config.json', content })
  return 'options' in invocation ? invocation.options : undefined
}
const refusal = (content: unknown, ...argv: string[]): unknown => {
  try {
    return read(content, ...argv)
  } catch (error) {
    return error
  }
}
const error = (code: Code, message: RegExp): unknown =>
  expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) })

describe('a config file', () => {
  test.each([
    ['meshproof.config.json', '{ "topology": "vpn" }'],
    ['meshproof.config.json', '\uFEFF{ "topology": "vpn" }'],
    ['meshproof.config.js', 'export default { topology: "vpn" }'],
    [
      'meshproof.config.ts',
      'type Shape = { topology: string }\nconst config: Shape = { topology: "vpn" }\nexport default config',
    ],
  ])('is read from %s', async (path, text) => {
    expect(await loadConfig(await folderWith({ [path]: text, 'package.json': '{"type":"module"}' }))).toEqual({
      path,
      content: { topology: 'vpn' },
    })
  })

  test('may be missing', async () => {
    expect(await loadConfig(await folderWith({}))).toBeUndefined()
  })

  test.each([
    ['MP-180', { 'meshproof.config.json': '{ topology: }' }, /meshproof\.config\.json/],
    ['MP-180', { 'meshproof.config.js': 'throw new Error("no luck")' }, /meshproof\.config\.js.*no luck/],
    ['MP-180', { 'meshproof.config.js': 'export const topology = "vpn"' }, /no default export/],
    ['MP-182', { 'meshproof.config.js': '', 'meshproof.config.json': '{}' }, /config\.js, meshproof\.config\.json/],
  ] as const)('that cannot be read is refused: %s', async (code, files, message) => {
    const folder = await folderWith({ 'package.json': '{"type":"module"}', ...files })
    expect(await errorOf(loadConfig(folder))).toEqual(error(code, message))
  })
})

describe('the flags of a config file', () => {
  const config: Config = {
    $schema: './config.schema.json',
    topology: ['gateway', 'vpn'],
    timeout: 60,
    'report-dir': 'out',
    'fail-fast': true,
    output: 'json',
    upgrade: { topology: 'gateway', from: '1.30.4', to: '1.31.0', 'rotate-ca': true },
    diagnose: { contexts: 'east,west', output: 'text' },
    'images mirror': { to: 'mirror.example/x' },
  }

  test('count for the commands that have them', () => {
    expect(read(config)).toMatchObject({
      topology: ['gateway', 'vpn'],
      timeout: 60,
      reportDir: 'out',
      failFast: true,
      output: 'json',
    })
    expect(read(config, 'list')).toEqual({ output: 'json' })
    expect(read(config, 'cell', '--cells=x')).toMatchObject({ reportDir: 'out' })
    expect(read(config, 'down')).toMatchObject({ all: false })
  })

  test('in the section of a command count before those at the top', () => {
    expect(read(config, 'diagnose')).toMatchObject({ contexts: ['east', 'west'], output: 'text' })
    expect(read(config, 'upgrade')).toMatchObject({ topology: 'gateway', from: '1.30.4', rotateCa: true, timeout: 60 })
    expect(read(config, 'images', 'mirror')).toMatchObject({ to: 'mirror.example/x' })
    expect(read({ keep: true, test: { keep: false } })).toMatchObject({ keep: false })
  })

  test('do not count where the command line gives them', () => {
    expect(read(config, '--topology=primary-remote', '--timeout=90', '--report-dir=mine')).toMatchObject({
      topology: ['primary-remote'],
      timeout: 90,
      reportDir: 'mine',
    })
    expect(read(config, 'upgrade', '--to=1.32.0')).toMatchObject({ from: '1.30.4', to: '1.32.0' })
  })

  test('are several suites for matrix in its own section, and are replaced by those of the command line', () => {
    const suites = { suite: ['reach.*', '!reach.path'], matrix: { suite: ['net.*,trust.*', 'mtls.*'] } }
    expect(read(suites, 'matrix')).toMatchObject({ suite: [['net.*', 'trust.*'], ['mtls.*']] })
    expect(read({ suite: suites.suite }, 'matrix')).toMatchObject({ suite: [['reach.*', '!reach.path']] })
    expect(read(suites, 'test')).toMatchObject({ suite: ['reach.*', '!reach.path'] })
    expect(read(suites, 'matrix', '--suite=a.*', '--suite=b.*')).toMatchObject({ suite: [['a.*'], ['b.*']] })
  })

  test('of labs give way to existing clusters on the command line, and the other way round', () => {
    expect(read({ topology: 'vpn', istio: '1.31' }, '--contexts=east,west')).toMatchObject({
      contexts: ['east', 'west'],
      topology: ['all'],
    })
    const clusters = { contexts: 'east,west', kubeconfig: 'config' }
    expect(read(clusters)).toMatchObject({ contexts: ['east', 'west'], kubeconfig: 'config' })
    expect(read(clusters, '--topology=vpn')).not.toHaveProperty('contexts', expect.anything())
    expect(read({ kubeconfig: 'config' })).not.toHaveProperty('kubeconfig', expect.anything())
    expect(read({ topology: 'vpn', test: clusters })).toMatchObject({ contexts: ['east', 'west'], topology: ['all'] })
    expect(refusal({ topology: 'vpn', ...clusters })).toEqual(
      error('MP-141', /meshproof\.config\.json: contexts, topo/),
    )
    expect(read({ topology: 'vpn', ...clusters }, 'diagnose')).toMatchObject({ kubeconfig: 'config' })
  })

  test.each([
    [{ topolgy: 'vpn' }, /“topolgy” is no flag or command; did you mean “topology”\?/],
    [{ reportDir: 'x' }, /did you mean “report-dir”\?/],
    [{ diagnose: { keep: true } }, /diagnose “keep” is no flag of diagnose/],
    [{ mtls: 'on' }, /mtls must be one of strict, off/],
    [{ keep: 'yes' }, /keep must be true or false/],
    [{ istio: 1.3 }, /istio must be text, or a list of texts/],
    [{ timeout: true, mtls: 'on' }, /mtls must be one of strict, off; timeout must be a number/],
    [{ topology: [] }, /topology names nothing/],
    [{ images: [] }, /images must be one of auto, release, source/],
    [{ test: 'vpn' }, /test must be an object of flags/],
    ['vpn', /must be an object of flags/],
    [undefined, /must be an object of flags/],
  ])('are refused where they are not valid: %j', (content, message) => {
    expect(refusal(content, 'list')).toEqual(error('MP-181', message))
  })

  test('that a command refuses name the file', () => {
    expect(refusal({ timeout: 1 })).toEqual(error('MP-101', /--timeout does not take that value \(meshproof\.config/))
    expect(refusal({ timeout: 60 }, '--timeout=1')).toEqual(error('MP-101', /--timeout does not take that value: /))
  })
})
