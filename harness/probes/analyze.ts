import type { RequestOptions } from 'node:https'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { execa, ExecaError } from 'execa'
import { z } from 'zod'
import { reasonOf } from '#errors.ts'
import { minorOf } from '#images/version.ts'
import { primariesOf } from '#topology/roles.ts'
import type { Survey, SurveyedCluster } from './survey/survey.ts'

const Message = z.object({
  code: z.string().regex(/^IST\d{4}$/),
  level: z.string(),
  message: z.string(),
  origin: z.string().default(''),
})

/** One message of `istioctl analyze`: its code, its level, its words, and the object (`VirtualService shop/cart`). */
export type AnalyzeMessage = z.infer<typeof Message> & { primary: SurveyedCluster }

/** Milliseconds that each call gets: what istioctl adds must not delay a diagnosis. */
const patience = 3_000

/** The istioctl that a shell would find: where there is none, nothing is missing. */
export const istioctlOnPath = 'istioctl'

/**
 * What `istioctl analyze` says of every control plane’s configuration, and in `notes` why it says nothing.
 *
 * It is given the contexts of the other clusters. Left to itself it would read the remote secrets and run the commands
 * that their kubeconfigs name.
 */
export const analyzeMessages = async (
  mesh: Survey,
  program: string,
  signal: AbortSignal,
): Promise<{ messages: AnalyzeMessage[]; notes: string[] }> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-analyze-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, await kubeconfigOf(mesh.clusters), { mode: 0o600 })
    const run = (...args: string[]): Promise<string> => output(program, args, signal)
    const stamp = ClientVersion.parse(JSON.parse(await run('version', '--remote=false', '--output=json')))
    const { version } = stamp.clientVersion
    const perPrimary = await Promise.all(
      primariesOf(mesh).map(async (primary): Promise<{ messages: AnalyzeMessage[]; notes: string[] }> => {
        if (!fits(version, primary.istio))
          return {
            messages: [],
            notes: [`istioctl ${version} was not asked about ${primary.name}, which runs Istio ${primary.istio}`],
          }
        const contexts = mesh.clusters.map((cluster, index) => ({ cluster, context: contextOf(index) }))
        const own = contexts.find(({ cluster }) => cluster === primary)
        const others = contexts.filter(({ cluster }) => cluster !== primary)
        const said = await run(
          'analyze',
          '--all-namespaces',
          '--output=json',
          `--kubeconfig=${kubeconfig}`,
          `--context=${own?.context ?? ''}`,
          `--istioNamespace=${mesh.istioNamespace}`,
          ...others.map(({ context }) => `--remote-contexts=${context}`),
        )
        return { messages: messagesIn(said).map((message) => ({ ...message, primary })), notes: [] }
      }),
    )
    return {
      messages: perPrimary.flatMap(({ messages }) => messages),
      notes: perPrimary.flatMap(({ notes }) => notes),
    }
  } catch (error) {
    if (signal.aborted) throw error
    if (program === istioctlOnPath && error instanceof ExecaError && error.code === 'ENOENT')
      return { messages: [], notes: [] }
    return { messages: [], notes: [`istioctl analyze was not asked: ${whyOf(error)}`] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const ClientVersion = z.object({ clientVersion: z.object({ version: z.string() }) })

/** istioctl is made for its own minor version and the one beside it. */
const fits = (program: string, controlPlane: string): boolean => {
  const [first, second] = [minorOf(program), minorOf(controlPlane)]
  return first !== undefined && second !== undefined && Math.abs(first - second) <= 1
}

const contextOf = (index: number): string => `cluster-${index}`

/** One kubeconfig with a context for each cluster, by the same server and credentials as every other question. */
const kubeconfigOf = async (clusters: readonly SurveyedCluster[]): Promise<string> => {
  const parts = await Promise.all(
    clusters.map(async ({ kube }, index) => {
      const name = contextOf(index)
      const { clusters: servers } = Exported.parse(JSON.parse(kube.config.exportConfig()))
      return {
        server: { ...servers[0], name },
        user: { name, user: await credentialsOf(kube.config) },
        context: { name, context: { cluster: name, user: name } },
      }
    }),
  )
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: parts.map(({ server }) => server),
    users: parts.map(({ user }) => user),
    contexts: parts.map(({ context }) => context),
  })
}

const Exported = z.object({ clusters: z.array(z.looseObject({})) })

/** What a context's account presents, whatever the kubeconfig names to get it. */
const credentialsOf = async (config: KubeConfig): Promise<object> => {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const { Authorization: authorization = '' } = { ...(options.headers as { Authorization?: string } | undefined) }
  const [, token] = /^Bearer (.+)$/.exec(authorization) ?? []
  const [username, password] = options.auth?.split(':') ?? []
  const encoded = (value: unknown): string | undefined =>
    typeof value === 'string' || Buffer.isBuffer(value) ? Buffer.from(value).toString('base64') : undefined
  return {
    token,
    username,
    password,
    'client-certificate-data': encoded(options.cert),
    'client-key-data': encoded(options.key),
    as: config.getCurrentUser()?.impersonateUser,
  }
}

/** It ends with another code than 0 where it has found an error. */
const output = async (program: string, args: string[], cancelSignal: AbortSignal): Promise<string> => {
  const result = await execa(program, args, {
    cancelSignal,
    stdin: 'ignore',
    timeout: patience,
    killSignal: 'SIGKILL',
    reject: false,
  })
  const { stdout, stderr, exitCode, timedOut, failed } = result
  if (result instanceof ExecaError && exitCode === undefined && !timedOut) throw result
  if (timedOut) throw new Error(`it did not end within ${patience / 1000} s`)
  if (failed && stdout === '') throw new Error(stderr.split('\n').at(-1) || `it ended with ${String(exitCode)}`)
  return stdout
}

/** The messages in its output, which names the clusters that it cannot read in lines before. */
const messagesIn = (text: string): z.infer<typeof Message>[] => {
  const start = text.search(/^\[/m)
  return start < 0 ? [] : z.array(Message).parse(JSON.parse(text.slice(start)))
}

const whyOf = (error: unknown): string => {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return 'its answer has another form'
  return error instanceof ExecaError ? error.shortMessage : reasonOf(error)
}
