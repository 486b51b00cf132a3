import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleToJSON, toDSSEBundle } from '@sigstore/bundle'
import type { Results } from '#results/results.ts'
import { writeWhole } from '#results/write-whole.ts'
import type { Signer } from './keys.ts'
import { attestationFile, signedFiles, statementOf } from './statement.ts'

/** The type of a signed in-toto statement. */
export const payloadType = 'application/vnd.in-toto+json'

/**
 * The bytes that the signature of a DSSE envelope covers (protocol.md of secure-systems-lab/dsse). The packages of
 * Sigstore bring much more than this line: certificates in @sigstore/core, Fulcio and logs in @sigstore/sign.
 */
export const signedBytes = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])

/**
 * Signs what the reports in a folder come to, and writes the signed statement beside them, as a Sigstore bundle of
 * version 0.3 with a public key: `cosign verify-blob-attestation --key` reads it too.
 */
export const attest = async (results: Results, folder: string, signer: Signer): Promise<void> => {
  const files = await Promise.all(signedFiles.map((name) => readFile(join(folder, name))))
  const payload = Buffer.from(JSON.stringify(statementOf(results, files)))
  const bundle = toDSSEBundle({
    artifact: payload,
    artifactType: payloadType,
    signature: signer.sign(signedBytes(payload)),
    keyHint: signer.hint,
  })
  await writeWhole(join(folder, attestationFile), `${JSON.stringify(bundleToJSON(bundle), null, 2)}\n`)
}
