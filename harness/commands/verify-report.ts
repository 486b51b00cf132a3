import { readSignatureCheck } from '#report/attestation/keys.ts'
import { signedFiles, type Statement } from '#report/attestation/statement.ts'
import { verifyAttestation } from '#report/attestation/verify-attestation.ts'
import { print } from '#run/print.ts'

/** Those of `verify-report`: a report folder, and the file of the signer’s public key. */
export type VerifyReportOptions = { folder: string; key: string }

/**
 * Performs `verify-report`: says whether a report is the one that was signed, and what its verdict is. The exit code
 * is 0 only where both are good: a signed report of a failed run gives 1.
 * @throws MeshproofError MP-193 for the key, and as verifyAttestation does.
 */
export const verifyReport = async ({ folder, key }: VerifyReportOptions): Promise<number> => {
  const check = await readSignatureCheck(key)
  const { predicate } = await verifyAttestation(folder, check)
  print(`signed with this key (sha256 ${check.hint}), and unchanged since: ${signedFiles.join(', ')}`)
  print(`verdict: ${predicate.result}  ${countsOf(predicate)}`)
  for (const name of [...predicate.failedTests, ...predicate.notRunTests].slice(0, mostNames)) print(`  ✗ ${name}`)
  return predicate.result === 'FAILED' ? 1 : 0
}

/** How many failed tests are named. The report has all of them. */
const mostNames = 20

const countsOf = ({
  passedTests,
  failedTests,
  warnedTests,
  notRunTests,
  skippedTests,
}: Statement['predicate']): string =>
  Object.entries({
    passed: passedTests,
    failed: failedTests,
    flaky: warnedTests,
    'not run': notRunTests,
    skipped: skippedTests,
  })
    .filter(([word, names]) => names.length > 0 || ['passed', 'failed'].includes(word))
    .map(([word, names]) => `${names.length} ${word}`)
    .join(', ')
