import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFromJSON, isBundleWithDsseEnvelope } from '@sigstore/bundle'
import { MeshproofError, reasonOf } from '#errors.ts'
import { requireFolder } from '#results/read-results.ts'
import { payloadType, signedBytes } from './attest.ts'
import type { SignatureCheck } from './keys.ts'
import { attestationFile, sha256Of, signedFiles, Statement } from './statement.ts'

/** A statement that is signed, as it is in a report folder. */
type Envelope = { payload: Buffer; signatures: Buffer[] }

/**
 * Checks that the statement in a report folder is signed with a key, and that the files which it names are the ones
 * that were signed. Returns the statement, whose `predicate.result` is the verdict.
 * @throws MeshproofError MP-111 when there is no such folder, and MP-194 when it has no statement that can be read;
 * with exit code 1 MP-195 when another key signed it or it was changed, and MP-196 when a file was changed.
 */
export const verifyAttestation = async (folder: string, key: SignatureCheck): Promise<Statement> => {
  const { payload, signatures } = await readEnvelope(folder)
  if (!signatures.some((signature) => key.verifies(signedBytes(payload), signature)))
    throw new MeshproofError(
      'MP-195',
      {
        what: 'The report is not signed with that key',
        where: join(folder, attestationFile),
        why: 'another key signed it, or its statement was changed afterwards',
        next: 'Do not rely on the report. Get it, or the public key, again from the one who signed it.',
      },
      1,
    )
  const statement = readStatement(folder, payload)
  const changed = (await Promise.all(signedFiles.map((name) => changeOf(folder, name, statement)))).flat()
  if (changed.length > 0)
    throw new MeshproofError(
      'MP-196',
      {
        what: 'The report is not the one that was signed',
        where: folder,
        why: changed.join(', '),
        next: 'Do not rely on the report. Get the folder again from the one who signed it.',
      },
      1,
    )
  return statement
}

const unreadable = (folder: string, why: string, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-194', {
    what: 'The folder holds no signature that can be read',
    where: join(folder, attestationFile),
    why,
    next: 'Name the folder of a run with --attest, as that run wrote it.',
    cause,
  })

const readEnvelope = async (folder: string): Promise<Envelope> => {
  await requireFolder(folder)
  const text = await readFile(join(folder, attestationFile), 'utf8').catch((error: unknown) => {
    throw unreadable(folder, reasonOf(error), error)
  })
  try {
    const bundle = bundleFromJSON(JSON.parse(text) as unknown)
    if (isBundleWithDsseEnvelope(bundle) && bundle.content.dsseEnvelope.payloadType === payloadType) {
      const { payload, signatures } = bundle.content.dsseEnvelope
      return { payload, signatures: signatures.map(({ sig }) => sig) }
    }
  } catch (error) {
    throw unreadable(folder, `it is no Sigstore bundle: ${reasonOf(error)}`, error)
  }
  throw unreadable(folder, 'it holds no statement of in-toto')
}

/** The statement of an envelope whose signature holds. */
const readStatement = (folder: string, payload: Buffer): Statement => {
  try {
    return Statement.parse(JSON.parse(payload.toString()))
  } catch (error) {
    throw unreadable(folder, 'its statement is not about a test of meshproof', error)
  }
}

/** What is wrong with a file, if anything is. */
const changeOf = async (folder: string, name: string, { subject }: Statement): Promise<string[]> => {
  const signed = subject.find((named) => named.name === name)
  if (!signed) return [`${name} was not signed`]
  const content = await readFile(join(folder, name)).catch(() => undefined)
  if (content === undefined) return [`${name} cannot be read`]
  return sha256Of(content) === signed.digest.sha256 ? [] : [`${name} was changed`]
}
