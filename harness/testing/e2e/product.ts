import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { Results } from '#results/results.ts'

const root = resolve(import.meta.dirname, '../../..')

/** The outcome of a command: its exit code, its output, and the results in its report folder, if there are any. */
export type Outcome = {
  exitCode: number
  output: string
  results: Results | undefined
  folder: string
  seconds: number
}

/** Disturbs a run: as soon as the output contains `after`, `act` is called with the id of the process group. */
export type Disturbance = { after: string | RegExp; act: (group: number) => void | Promise<void> }

/** Runs `meshproof …` from the command line. `through: 'npm'` runs `npm test -- …` instead. */
export const meshproof = async (
  args: string[],
  {
    environment = {},
    disturb,
    through = 'node',
    cwd = root,
    reports = true,
  }: {
    environment?: Record<string, string>
    disturb?: Disturbance
    through?: 'node' | 'npm' | 'npm without --'
    cwd?: string
    reports?: boolean
  } = {},
): Promise<Outcome> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-e2e-'))
  const flags = [
    ...args,
    ...(reports && ['test', 'upgrade', undefined].includes(args.find((argument) => !argument.startsWith('-')))
      ? [`--report-dir=${folder}`]
      : []),
  ]
  const command = {
    node: ['node', 'scripts/meshproof.mjs', ...flags],
    npm: ['npm', 'test', '--', ...flags],
    'npm without --': ['npm', 'test', ...args],
  }[through]
  const [program = 'node', ...rest] = command
  const startedAt = Date.now()
  const child = execa(program, rest, {
    cwd,
    env: environment,
    all: true,
    reject: false,
    stdin: 'ignore',
    detached: true,
    cleanup: false,
  })
  let output = ''
  let disturbed = false
  child.all.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (disturb === undefined || disturbed || child.pid === undefined) return
    if (typeof disturb.after === 'string' ? !output.includes(disturb.after) : !disturb.after.test(output)) return
    disturbed = true
    void disturb.act(child.pid)
  })
  const { exitCode } = await child
  const results = await readFile(join(folder, 'results.json'), 'utf8').then(
    (text) => Results.parse(JSON.parse(text)),
    () => undefined,
  )
  return { exitCode: exitCode ?? -1, output, results, folder, seconds: (Date.now() - startedAt) / 1000 }
}

/**
 * Lists everything in the engine that a run could leave behind: containers, networks, volumes and tagged images.
 * Labs that were made by hand are left out: they come and go in files that run beside others.
 */
export const engineContents = async (): Promise<string[]> => {
  const [containers, networks, volumes, images] = await Promise.all([
    execa('docker', ['ps', '--all', '--no-trunc', '--format', '{{.Names}} {{.Mounts}}']),
    execa('docker', ['network', 'ls', '--format', 'network {{.Name}}']),
    execa('docker', ['volume', 'ls', '--format', 'volume {{.Name}}']),
    execa('docker', ['images', '--format', 'image {{.Repository}}:{{.Tag}}']),
  ])
  const madeByHand = linesOf(containers.stdout).filter((line) => line.startsWith('byhand-'))
  return [
    ...linesOf(containers.stdout)
      .filter((line) => !madeByHand.includes(line))
      .map((line) => `container ${line.split(' ')[0]}`),
    ...linesOf(networks.stdout).filter((line) => !line.startsWith('network byhand-')),
    ...linesOf(volumes.stdout).filter((line) => !madeByHand.some((owner) => owner.includes(line.slice(7)))),
    ...linesOf(images.stdout),
  ].sort((a, b) => a.localeCompare(b))
}

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)
