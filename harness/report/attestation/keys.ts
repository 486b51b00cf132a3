import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { MeshproofError, reasonOf } from '#errors.ts'

/** Signs bytes. `hint` names the public key: its digest, as Sigstore’s own programs name it. */
export type Signer = { hint: string; sign: (bytes: Buffer) => Buffer }

/** Checks the signature of bytes. */
export type SignatureCheck = { hint: string; verifies: (bytes: Buffer, signature: Buffer) => boolean }

/**
 * Reads a private key of ECDSA P-256 or Ed25519 in PEM. No part of the key is in an error.
 * @throws MeshproofError MP-192 where the file cannot be read or holds no such key.
 */
export const readSigner = async (file: string): Promise<Signer> => {
  const refused = (why: string, where = file): MeshproofError =>
    new MeshproofError('MP-192', {
      what: 'The report cannot be signed with that key',
      where,
      why,
      next: 'Name a file with an ECDSA P-256 or Ed25519 key: openssl genpkey -algorithm ed25519 -out key.pem',
    })
  const pem = await readPem(file, '--attest', refused)
  if (/ENCRYPTED/.test(pem)) throw refused('the key has a password, and none can be given')
  const key = supportedKey(() => createPrivateKey(pem), 'private', refused)
  return { hint: hintOf(createPublicKey(key)), sign: (bytes) => sign(digestFor(key), bytes, key) }
}

/**
 * Reads a public key of ECDSA P-256 or Ed25519 in PEM.
 * @throws MeshproofError MP-193 where the file cannot be read or holds no such key.
 */
export const readSignatureCheck = async (file: string): Promise<SignatureCheck> => {
  const refused = (why: string, where = file): MeshproofError =>
    new MeshproofError('MP-193', {
      what: 'No report can be checked with that public key',
      where,
      why,
      next: 'Name the public key of the signer: openssl pkey -in key.pem -pubout -out public.pem',
    })
  const pem = await readPem(file, '--key', refused)
  if (/PRIVATE KEY/.test(pem)) throw refused('that is a private key, which belongs to the signer alone')
  const key = supportedKey(() => createPublicKey(pem), 'public', refused)
  return {
    hint: hintOf(key),
    verifies: (bytes, signature) => verify(digestFor(key), bytes, key, signature),
  }
}

/** The error for a key that cannot be used. `where` is the file, unless it may not be printed. */
type Refused = (why: string, where?: string) => MeshproofError

/** The text of the file that a flag names. */
const readPem = async (file: string, flag: string, refused: Refused): Promise<string> => {
  // What was typed instead of a path must not be printed.
  if (isKey(file)) throw refused(`${flag} takes the path of a file, not the key itself`, '')
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw refused(reasonOf(error))
  })
}

/** The key that `create` makes of a file, if it is of a kind that is supported. */
const supportedKey = (create: () => KeyObject, kind: 'private' | 'public', refused: Refused): KeyObject => {
  const key = keyOf(create)
  if (key === undefined) throw refused(`the file holds no ${kind} key in PEM`)
  if (!isSupported(key)) throw refused(`keys of ${kindOf(key)} are not supported`)
  return key
}

const isKey = (text: string): boolean => /-----BEGIN|\n/.test(text)

// OpenSSL’s message says nothing that helps a user, so it is left out.
const keyOf = (read: () => KeyObject): KeyObject | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const isSupported = (key: KeyObject): boolean => ['ed25519', 'ec prime256v1'].includes(kindOf(key))

const kindOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string =>
  [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' ')

/** Ed25519 has a digest of its own. */
const digestFor = ({ asymmetricKeyType }: KeyObject): 'sha256' | null =>
  asymmetricKeyType === 'ed25519' ? null : 'sha256'

const hintOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
