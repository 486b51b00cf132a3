import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { RemoteCredentials } from './remote-kubeconfig.ts'

const Payload = z.looseObject({ exp: z.number().optional(), sub: z.string().optional() })

/** The account and the secret of a service account’s token, with their ids, as far as the token names them. */
export type TokenOwner = { namespace: string; account: string; accountId?: string; secret?: string }

/** The payload of a token. Its signature is not verified. */
const payloadOf = (token: string): z.infer<typeof Payload> | undefined => {
  try {
    return Payload.safeParse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).data
  } catch {
    return undefined
  }
}

/** When credentials end, in milliseconds since the epoch, and which of them; undefined where nothing says. */
export const endOf = ({ token, certificate }: RemoteCredentials): { what: string; at: number } | undefined => {
  const exp = token === undefined ? undefined : payloadOf(token)?.exp
  if (exp !== undefined) return { what: 'token', at: exp * 1000 }
  const until = certificate === undefined ? undefined : endOfCertificate(certificate)
  return until === undefined ? undefined : { what: 'client certificate', at: until }
}

const endOfCertificate = (certificate: string): number | undefined => {
  try {
    return Date.parse(new X509Certificate(certificate).validTo)
  } catch {
    return undefined
  }
}

/** The user that credentials belong to, as an API server names it; undefined where the credentials do not say. */
export const userOf = ({ token, certificate, username }: RemoteCredentials): string | undefined => {
  if (token !== undefined) return payloadOf(token)?.sub
  if (certificate === undefined) return username
  try {
    return /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1]
  } catch {
    return undefined
  }
}

const part = z.looseObject({ name: z.string(), uid: z.string().optional() }).optional()
const Bound = z.looseObject({ namespace: z.string(), serviceaccount: part })
const Legacy = z.looseObject({
  'kubernetes.io/serviceaccount/namespace': z.string(),
  'kubernetes.io/serviceaccount/service-account.name': z.string(),
  'kubernetes.io/serviceaccount/service-account.uid': z.string(),
  'kubernetes.io/serviceaccount/secret.name': z.string(),
})

/** The service account that a token belongs to, or undefined where it belongs to none. */
export const ownerOf = ({ token }: RemoteCredentials): TokenOwner | undefined => {
  const payload = token === undefined ? undefined : payloadOf(token)
  const bound = Bound.safeParse(payload?.['kubernetes.io']).data
  if (bound?.serviceaccount) {
    const { name, uid } = bound.serviceaccount
    return { namespace: bound.namespace, account: name, ...(uid === undefined ? {} : { accountId: uid }) }
  }
  const legacy = Legacy.safeParse(payload).data
  return legacy
    ? {
        namespace: legacy['kubernetes.io/serviceaccount/namespace'],
        account: legacy['kubernetes.io/serviceaccount/service-account.name'],
        accountId: legacy['kubernetes.io/serviceaccount/service-account.uid'],
        secret: legacy['kubernetes.io/serviceaccount/secret.name'],
      }
    : undefined
}

/** A span of time as people say it, from milliseconds: `9 minutes`, `3 hours`, `12 days`. */
export const span = (milliseconds: number): string => {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000)
  const [count, unit] =
    minutes < 1
      ? [Math.round(Math.abs(milliseconds) / 1000), 'second']
      : minutes < 120
        ? [minutes, 'minute']
        : minutes < 48 * 60
          ? [Math.round(minutes / 60), 'hour']
          : [Math.round(minutes / 1440), 'day']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
