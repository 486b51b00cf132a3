import { basename } from 'node:path'
import { shellWord } from '#results/text.ts'
import { flagOf, RunOptions } from './options.ts'

/**
 * Options that say where something is, or what is done with the outcome. None of them decides a verdict. The addresses
 * of a mirror and of clusters mean nothing elsewhere: the digests say what came from there.
 */
const ofThisPlace = [
  'reportDir',
  'artifacts',
  'attest',
  'results',
  'output',
  'verbose',
  'keep',
  'reuse',
  'plan',
  'compare',
  'kubeconfig',
  'istioctl',
  'registry',
  'echoImage',
]

/** Options whose value can be a path. */
const paths = ['topology', 'pins', 'charts', 'istioSource']

/**
 * The command that makes such a run, as a person pastes it into a shell: every option that decides its verdict and is
 * not at its default, wherever it was given. It has no addresses, no names of contexts, and of paths the last part.
 */
export const reproducing = (
  command: string,
  options: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = RunOptions.parse({}),
): string => {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false || ofThisPlace.includes(name)) return []
    if (JSON.stringify(value) === JSON.stringify(defaults[name])) return []
    const flag = flagOf(name)
    return [value === true ? flag : `${flag}=${[value].flat().map(shownOf(name)).join(',')}`]
  })
  return ['npx meshproof', command, ...flags.map(shellWord)].join(' ')
}

const shownOf =
  (name: string) =>
  (value: unknown, index: number): string => {
    if (name === 'contexts') return String.fromCodePoint('A'.charCodeAt(0) + index)
    return paths.includes(name) ? basename(String(value)) : String(value)
  }
