import { execa } from '#programs.ts'
import { z } from 'zod'
import { inOneLine } from '#results/text.ts'

/**
 * An istioctl that is at hand, where it comes from, and the KUBECONFIG with which it takes a context for the cluster
 * and user that the API client takes, or why there is none.
 */
export type Istioctl = {
  program: string
  from: 'lab' | 'flag' | 'PATH'
  kubeconfigOf: (context: string) => { kubeconfig: string } | { refused: string }
}

/** What `istioctl analyze` says of an object: `VirtualService shop/canary`; empty where it names none. */
export type AnalysisMessage = { code: string; level: string; object: string; text: string }

/** Why there are no messages; `missing` where there is no such program. */
export type NotAnalyzed = { why: string; missing?: true }

/** The longest time for all answers of istioctl together, in milliseconds: its own limits are tens of seconds. */
export const analysisPatience = 3000

/** The most messages that are read of an answer. */
const most = 500

/** A run of this many letters of base64 is no name (a label of DNS ends at 63): it may be a key or a token. */
const secret = /[\w+/=-]{64,}/g

const text = z.string().transform((written) => inOneLine(written.replaceAll(secret, '…')).slice(0, 300))

const Messages = z
  .array(z.object({ code: z.string().regex(/^IST\d{4}$/), level: z.string(), origin: text.optional(), message: text }))
  .nullable()

const ClientVersion = z.object({ clientVersion: z.object({ version: text }) })

/**
 * The version that istioctl says it has, as a tag of an image says it: `1.31.0`, `1.31-dev`, or anything else. `signal`
 * ends it, and then it did not answer in time.
 */
export const istioctlVersion = async (
  { program }: Istioctl,
  signal: AbortSignal,
): Promise<{ version: string } | NotAnalyzed> => {
  const answer = await run(program, ['version', '--remote=false', '--output=json'], {}, signal)
  if ('why' in answer) return answer
  const parsed = ClientVersion.safeParse(jsonOf(answer.stdout))
  return parsed.success
    ? { version: parsed.data.clientVersion.version }
    : { why: `${program} version printed no version` }
}

/**
 * What `istioctl analyze` says of the cluster of a context, with this root namespace of Istio. It never throws: if the
 * program fails, prints something else, or is ended by `signal`, it returns the reason.
 *
 * The context is named a second time as that of a remote cluster, since istioctl would otherwise connect to what the
 * remote secrets name, and run the commands in them. The contexts of other clusters are not given: istioctl takes the
 * Istio objects there for some that this control plane reads.
 */
export const analyze = async (
  { program, kubeconfigOf }: Istioctl,
  context: string,
  istioNamespace: string,
  signal: AbortSignal,
): Promise<AnalysisMessage[] | NotAnalyzed> => {
  const access = kubeconfigOf(context)
  if ('refused' in access) return { why: access.refused }
  const args = [
    'analyze',
    '--all-namespaces',
    '--output=json',
    '--output-threshold=Warning',
    `--context=${context}`,
    `--remote-contexts=${context}`,
    `--istioNamespace=${istioNamespace}`,
    `--namespace=${istioNamespace}`,
  ]
  const answer = await run(program, args, { KUBECONFIG: access.kubeconfig }, signal)
  if ('why' in answer) return answer
  const parsed = Messages.safeParse(jsonOf(answer.stdout))
  if (!parsed.success)
    return { why: [`${program} analyze printed no list of messages`, answer.said].filter(Boolean).join(': ') }
  return (parsed.data ?? []).slice(0, most).map(({ code, level, origin = '', message }) => ({
    code,
    level,
    object: origin,
    text: message,
  }))
}

/**
 * Runs a program until it ends or is ended by the signal, and returns what it printed, whatever its exit code, with the
 * last line of its errors. It is the head of a process group of its own, which is killed with all that it started.
 */
const run = async (
  program: string,
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<{ stdout: string; said: string } | NotAnalyzed> => {
  const command = `${program} ${args[0] ?? ''}`
  const late = `${command} did not end within ${analysisPatience / 1000} s`
  if (signal.aborted) return { why: late }
  const running = execa(program, args, { env, stdin: 'ignore', detached: true, reject: false, maxBuffer: 10_000_000 })
  const kill = (): void => {
    if (running.pid !== undefined) endGroup(running.pid)
  }
  signal.addEventListener('abort', kill)
  const { stdout, stderr, code, failed, shortMessage } = await running
  signal.removeEventListener('abort', kill)
  const said = text.parse(lastError(stderr))
  if (signal.aborted) return { why: [late, said].filter(Boolean).join(': ') }
  if (code === 'ENOENT') return { why: `${program} does not exist`, missing: true }
  if (failed && stdout.trim() === '') return { why: `${command} failed: ${said || shortMessage || ''}` }
  return { stdout, said }
}

/** What the last line says. istioctl waits without end for what its user may not list, and logs that. */
const lastError = (stderr: string): string =>
  (stderr.trim().split('\n').at(-1) ?? '').replace(/^\S+\t(?:warn|error)\t(?:.*?: (?=failed to ))?/, '')

const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    /* it has ended */
  }
}

const jsonOf = (written: string): unknown => {
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}
