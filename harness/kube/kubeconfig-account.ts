import { accessSync, constants, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import type { KubeConfig, User } from '@kubernetes/client-node'
import { z } from 'zod'
import { reasonOf } from '#errors.ts'
import { type Credential, execCredentials, ExecPlugin } from './exec-credential.ts'
import { refusedKubeconfig } from './kubeconfig-files.ts'

const text = z.string().nullish()

/** A user of a kubeconfig. */
export const UserEntry = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
  'auth-provider': z.object({ name: z.string(), config: z.unknown() }).nullish(),
  exec: ExecPlugin.nullish(),
})
type UserEntry = z.infer<typeof UserEntry>

/** Where an entry of a kubeconfig stands: relative paths in it begin at the folder. */
export type Place = { path: string; folder: string }

/**
 * A file that an entry names; `what` is the field and `of` the entry that has it.
 * @throws MeshproofError MP-116 where it cannot be read.
 */
export const namedFile = (name: string, { folder, path }: Place, what: string, of: string): string => {
  const file = isAbsolute(name) ? name : join(folder, name)
  try {
    accessSync(file, constants.R_OK)
    return file
  } catch (cause) {
    throw refusedKubeconfig(path, `unable to read ${what} ${file} for ${of} due to ${reasonOf(cause)}`, cause)
  }
}

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0]

const ownProvider = 'meshproof'

/**
 * The user of a kubeconfig as the client takes it, and what adds to each request the credentials that the client does
 * not know how to get: those of a plugin, a token in a file, and a part of impersonation. `cluster` is what a plugin is
 * given of its cluster.
 * @throws MeshproofError MP-116 for what cannot be read or is not supported.
 */
export const accountOf = (
  name: string,
  entry: UserEntry,
  place: Place,
  cluster: object,
): { account: User; authenticator?: Authenticator } => {
  const account = {
    name,
    ...certificateOf(name, entry, place),
    ...(entry.token ? { token: entry.token } : {}),
    ...(entry.username ? { username: entry.username, password: entry.password ?? '' } : {}),
    ...(entry.as ? { impersonateUser: entry.as } : {}),
  }
  const headers = impersonationOf(name, entry, place)
  const credentials = credentialsOf(entry, place, cluster)
  if (!credentials && Object.keys(headers).length === 0)
    return { account: entry['auth-provider'] ? { ...account, authProvider: entry['auth-provider'] } : account }
  return {
    account: { ...account, authProvider: { name: ownProvider } },
    authenticator: {
      isAuthProvider: ({ authProvider }) => (authProvider as { name?: string } | undefined)?.name === ownProvider,
      applyAuthentication: async (_user, options) => {
        const { token, certificate, key } = (await credentials?.()) ?? {}
        if (certificate !== undefined && key !== undefined) Object.assign(options, { cert: certificate, key })
        options.headers = {
          ...(options.headers as Record<string, string> | undefined),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...headers,
        }
      },
    },
  }
}

// Data wins over a file.
const certificateOf = (name: string, entry: UserEntry, place: Place): Partial<User> => {
  const [file, data] = [entry['client-certificate'], entry['client-certificate-data']]
  const [keyFile, keyData] = [entry['client-key'], entry['client-key-data']]
  if ((file || data) && !(keyFile || keyData)) {
    const why = `client-key-data or client-key must be specified for ${name}`
    throw refusedKubeconfig(place.path, `${why} to use the clientCert authentication method`)
  }
  return {
    ...(data ? { certData: data } : file ? { certFile: namedFile(file, place, 'client-cert', name) } : {}),
    ...(keyData ? { keyData } : keyFile ? { keyFile: namedFile(keyFile, place, 'client-key', name) } : {}),
  }
}

const credentialsOf = (
  { exec, token, tokenFile }: UserEntry,
  { folder }: Place,
  cluster: object,
): (() => Promise<Credential>) | undefined => {
  if (exec) {
    // A command with a path is where the kubeconfig is; any other is on PATH.
    const command = exec.command.includes(sep) ? resolve(folder, exec.command) : exec.command
    return execCredentials({ ...exec, command }, cluster)
  }
  if (!tokenFile || token) return undefined
  // The file is read for each request, because another program renews the token.
  return async () => ({ token: readFileSync(resolve(folder, tokenFile), 'utf8').trim() })
}

const impersonationOf = (name: string, entry: UserEntry, { path }: Place): Record<string, string> => {
  const [group, ...more] = entry['as-groups'] ?? []
  if (more.length > 0 || Object.keys(entry['as-user-extra'] ?? {}).length > 0)
    throw refusedKubeconfig(path, `user "${name}": as-user-extra and several as-groups are not supported`)
  return {
    ...(entry['as-uid'] ? { 'Impersonate-Uid': entry['as-uid'] } : {}),
    ...(group ? { 'Impersonate-Group': group } : {}),
  }
}
