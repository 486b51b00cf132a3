import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { z } from 'zod'
import { closest, MeshproofError, reasonOf, unknownValue } from '#errors.ts'
import { brokenRules, type Problem } from './topology-rules.ts'
import {
  ClusterSchema,
  withDefaults,
  draftOf,
  FileSchema,
  OperatorOptions,
  procedureNames,
  type TopologyFile,
} from './topology-schema.ts'
import { type Place, readYaml } from './yaml-lines.ts'

export { overlap } from './address-range.ts'
export { defaultIstioNamespace, gatewayKinds } from './topology-schema.ts'
export type {
  ClusterPlan,
  Gateways,
  MeshShape,
  Mtls,
  ProcedureName,
  Topology,
  TopologyFile,
} from './topology-schema.ts'

const folder = join(import.meta.dirname, '../../fixtures/topologies')
const exampleFile = join(folder, 'examples/three-clusters.yaml')

/** The names of the built-in topologies, in the order in which they are documented. */
export const topologyNames = async (): Promise<string[]> => {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5))
  return [...new Set([...procedureNames.filter((name) => names.includes(name)), ...names.sort()])]
}

/**
 * Reads a topology: a built-in one by its name, a user's own by its path. A path contains a slash or ends in .yaml or
 * .yml.
 * @throws MeshproofError MP-101 for a name that does not exist, MP-109 for a file that cannot be read, MP-108 for one
 * that is not valid.
 */
export const loadTopologyFile = async (nameOrPath: string): Promise<TopologyFile> => {
  const names = await topologyNames()
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath)
  if (!isPath && !names.includes(nameOrPath)) throw unknownValue('topology', nameOrPath, [...names, 'all'])
  const path = isPath ? nameOrPath : join(folder, `${nameOrPath}.yaml`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MeshproofError('MP-109', {
      what: 'The topology file cannot be read',
      where: path,
      why: reasonOf(cause),
      next: `Name a path relative to ${process.cwd()}, or one of ${names.join(', ')}.`,
      cause,
    })
  })
  if (text.length > longest)
    throw new MeshproofError('MP-109', {
      what: 'The topology file cannot be read',
      where: path,
      why: `it has ${text.length} characters, and a topology of four clusters needs fewer than ${longest}`,
      next: 'Name the file of a topology: it lists two to four clusters.',
    })
  return parseTopology(path, text)
}

/** The characters of a file that is read as a topology, at most. */
const longest = 200_000

/** How many mistakes are shown. */
const shown = 20

const parseTopology = (path: string, text: string): TopologyFile => {
  const { value, errors, placeOf } = readYaml(text)
  if (errors.length > 0) throw invalid(path, errors)
  const read = FileSchema.safeParse(value, { error: messageFor })
  const problems = [...(read.error?.issues ?? []).flatMap(problemsOf), ...brokenRules(draftOf(value))]
  if (read.success && problems.length === 0) return withDefaults(read.data)
  throw invalid(
    path,
    problems.map(({ path: key, part, message, against }) => ({
      place: placeOf(key, part),
      message: `${asText(key)} ${message}${against ? ` (line ${placeOf(against).line})` : ''}`,
    })),
  )
}

const invalid = (path: string, problems: { place: Place; message: string }[]): MeshproofError =>
  new MeshproofError('MP-108', {
    what: [
      ...problems
        .toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
        .slice(0, shown)
        .map(({ place: { line, column }, message }) => `${path}:${line}:${column}: ${message.replaceAll(/\s+/g, ' ')}`),
      ...(problems.length > shown ? [`and ${problems.length - shown} more`] : []),
    ].join('\n'),
    next:
      `Correct ${problems.length === 1 ? 'it' : `these ${problems.length}`} and run the same command again. ` +
      `${relative(process.cwd(), exampleFile)} is a valid file.`,
  })

/** The path of a key as text: `clusters[1].podCidr`. */
const asText = (path: PropertyKey[]): string =>
  path.length === 0
    ? 'the file'
    : path
        .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
        .join('')
        .slice(1)

const problemsOf = (issue: z.core.$ZodIssue): Problem[] => {
  if (issue.code !== 'unrecognized_keys') return [issue]
  const [kind, keys] = keysAt(issue.path[0])
  return issue.keys.map((key) => {
    const nearest = closest(key, keys)
    return {
      path: [...issue.path, key],
      part: 'key',
      message: `is no key of ${kind}: ${nearest ? `did you mean “${nearest}”?` : `valid are ${keys.join(', ')}`}`,
    }
  })
}

/** What a part of a file is called, and its keys. */
const keysAt = (part: PropertyKey | undefined): [kind: string, keys: string[]] => {
  if (part === undefined) return ['a topology', Object.keys(FileSchema.shape)]
  if (part === 'operator') return ['an operator', Object.keys(OperatorOptions.shape)]
  return ['a cluster', Object.keys(ClusterSchema.shape)]
}

/** Messages for problems that the schema has no message for. */
const messageFor = (issue: z.core.$ZodRawIssue): string | undefined => {
  const { input } = issue
  if (input === undefined) return 'is missing'
  if (input === null) return 'is empty'
  const scalar =
    typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean' ? String(input) : undefined
  const found = scalar === undefined ? (Array.isArray(input) ? 'a list' : 'a map') : `“${scalar}”`
  if (issue.code === 'invalid_value') {
    const nearest = closest(scalar ?? '', issue.values.map(String))
    return `${found} is not one of ${issue.values.join(', ')}${nearest ? `: did you mean “${nearest}”?` : ''}`
  }
  if (issue.code !== 'invalid_type') return undefined
  const expectedType = { string: 'text', array: 'a list', object: 'a map' }[issue.expected as string] ?? issue.expected
  const advice = expectedType === 'text' && scalar !== undefined ? ': put it in quotes' : ''
  return `must be ${expectedType}, not ${found}${advice}`
}
