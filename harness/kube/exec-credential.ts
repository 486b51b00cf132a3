import { execa } from '#programs.ts'
import { z } from 'zod'

/** The command that a kubeconfig names for its credentials (kubernetes.io, “client-go credential plugins”). */
export const ExecPlugin = z.object({
  apiVersion: z.string().optional(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: z.string().nullish(),
})
export type ExecPlugin = z.infer<typeof ExecPlugin>

const ExecCredential = z.object({
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
})

/** What an API server is shown: a token, or a certificate with its key (PEM). */
export type Credential = { token?: string | undefined; certificate?: string | undefined; key?: string | undefined }

/**
 * Returns a function that gives the credentials of a plugin for one cluster. It runs the plugin again only when they
 * have ended. `cluster` is what a plugin that asks for its cluster gets. The function throws an Error with kubectl’s
 * words when the plugin is missing, fails or prints no credentials.
 */
export const execCredentials = (plugin: ExecPlugin, cluster: object): (() => Promise<Credential>) => {
  let current: Promise<Credential> | undefined
  let end = Infinity
  return () => {
    if (current === undefined || Date.now() > end - 10_000) {
      end = Infinity
      current = runPlugin(plugin, cluster).then(({ credential, until }) => {
        end = until
        return credential
      })
      current.catch(() => {
        current = undefined
      })
    }
    return current
  }
}

// A stream that is no terminal lacks the property, although its type has it.
const isTerminal = ({ isTTY }: { isTTY?: boolean }): boolean => isTTY === true

const runPlugin = async (plugin: ExecPlugin, cluster: object): Promise<{ credential: Credential; until: number }> => {
  const { apiVersion = 'client.authentication.k8s.io/v1', command, args, env, provideClusterInfo } = plugin
  const interactive = plugin.interactiveMode !== 'Never' && isTerminal(process.stdin)
  if (plugin.interactiveMode === 'Always' && !interactive)
    throw new Error(`getting credentials: exec: ${command} needs a terminal, and standard input is none`)
  const asked = {
    kind: 'ExecCredential',
    apiVersion,
    spec: { ...(provideClusterInfo ? { cluster } : {}), interactive },
  }
  const answer = await execa(command, args ?? [], {
    env: {
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(asked),
    },
    stdin: interactive ? 'inherit' : 'ignore',
    stderr: interactive ? ['inherit', 'pipe'] : 'pipe',
    // A person may need minutes to log in. A program without a terminal that takes as long has hung.
    ...(interactive ? {} : { timeout: 60_000 }),
    reject: false,
  })
  if (answer.failed) throw new Error(`getting credentials: ${failureOf(plugin, answer)}`)
  const parsed = ExecCredential.safeParse(jsonOf(answer.stdout))
  if (!parsed.success) throw new Error(`getting credentials: exec: ${command} printed no ExecCredential with a status`)
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = parsed.data.status
  if ((clientCertificateData === undefined) !== (clientKeyData === undefined))
    throw new Error('getting credentials: exec plugin returned only certificate or key, not both')
  if (!token && !clientKeyData)
    throw new Error("getting credentials: exec plugin didn't return a token or cert/key pair")
  return {
    credential: { token, certificate: clientCertificateData, key: clientKeyData },
    until: expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp),
  }
}

type Failure = { code?: string | undefined; exitCode?: number | undefined; timedOut: boolean; stderr?: unknown }

const failureOf = ({ command, installHint }: ExecPlugin, { code, exitCode, timedOut, stderr }: Failure): string => {
  if (code === 'ENOENT')
    return [`exec: executable ${command} not found`, firstLine(installHint ?? '')].filter(Boolean).join('; ')
  if (timedOut) return `exec: executable ${command} did not end within 60 s`
  const said = firstLine(typeof stderr === 'string' ? (stderr.trim().split('\n').at(-1) ?? '') : '')
  return `exec: executable ${command} failed with exit code ${exitCode ?? code ?? ''}${said ? `: ${said}` : ''}`
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? ''

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
