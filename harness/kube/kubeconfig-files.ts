import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'

const anything = z.unknown().optional()
const Entries = z.array(z.object({ name: z.string().catch(''), cluster: anything, user: anything, context: anything }))

const Kubeconfig = z.object({ clusters: Entries.nullish(), users: Entries.nullish(), contexts: Entries.nullish() })

/** A kubeconfig file that was read; its entries are not looked at yet. */
export type KubeconfigFile = { path: string; content: z.infer<typeof Kubeconfig> }

/**
 * The kubeconfig files that are named (joined as KUBECONFIG joins them), else those of KUBECONFIG, else the user’s
 * own. As kubectl does, a file of a list that is not there is passed over, and returned in `missing`.
 * @throws MeshproofError MP-116 when none is there, or one cannot be read.
 */
export const readKubeconfigs = (
  named?: string,
  environment: NodeJS.ProcessEnv = process.env,
): { files: KubeconfigFile[]; missing: string[] } => {
  const variable = environment['KUBECONFIG']
  const list = named ?? (variable || join(environment['HOME'] ?? homedir(), '.kube', 'config'))
  const paths = list.split(delimiter).filter(Boolean)
  const missing = paths.filter((path) => !existsSync(path))
  if (missing.length < paths.length)
    return { files: paths.filter((path) => !missing.includes(path)).map(readFile), missing }
  const variableOrFlag = named === undefined ? 'KUBECONFIG' : '--kubeconfig'
  const must = named !== undefined || variable ? `${variableOrFlag} must name` : 'Name with --kubeconfig or KUBECONFIG'
  throw new MeshproofError('MP-116', {
    what: 'The kubeconfig cannot be read',
    where: missing.join(', ') || 'no file is named',
    why: missing.length > 1 ? 'none of these files exists' : 'no such file or directory',
    next: `${must} a file that exists, several joined by “${delimiter}”.`,
  })
}

const readFile = (path: string): KubeconfigFile => {
  try {
    return { path, content: Kubeconfig.parse(parse(readFileSync(path, 'utf8')) ?? {}) }
  } catch (cause) {
    const why = cause instanceof z.ZodError ? inWords(cause) : reasonOf(cause)
    throw refusedKubeconfig(path, `error loading config file: ${why}`, cause)
  }
}

/** What a schema found wrong, in one line: `cluster is missing`. */
export const inWords = (error: z.ZodError): string =>
  error.issues
    .map(({ path, message }) => {
      const [, expected = '', received = ''] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? []
      const place = path.map(String).join('.') || 'the file'
      if (received === 'undefined') return `${place} is missing`
      return expected === '' ? `${place}: ${message}` : `${place} must be ${kindOf(expected)}, not ${kindOf(received)}`
    })
    .join('; ')

const kindOf = (type: string): string =>
  ({ object: 'a map', array: 'a list', string: 'text', number: 'a number', boolean: 'true or false' })[type] ?? type

/** The error for a kubeconfig that cannot be used as it is. Its code is MP-116. */
export const refusedKubeconfig = (where: string, why: string, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-116', {
    what: 'The kubeconfig cannot be read',
    where,
    why,
    next: 'Try kubectl with the same KUBECONFIG and --context; another file is named with --kubeconfig.',
    cause,
  })

/** The names of all contexts, each once. */
export const contextNames = (files: readonly KubeconfigFile[]): string[] => [
  ...new Set(files.flatMap(({ content }) => (content.contexts ?? []).map(({ name }) => name))),
]
