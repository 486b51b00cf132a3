import { join } from 'node:path'
import { readSignatureCheck } from '#report/attestation/keys.ts'
import { signedFiles, type Statement } from '#report/attestation/statement.ts'
import { verifyAttestation } from '#report/attestation/verify-attestation.ts'
import { print } from '#run/print.ts'

/** The options of `verify-report`: a report folder, and the file of the signer’s public key. */
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
  const bad = [...predicate.failedTests, ...predicate.notRunTests]
  for (const name of bad.slice(0, mostNames)) print(`  ✗ ${name}`)
  if (bad.length > mostNames) print(`  and ${bad.length - mostNames} more, which are in ${join(folder, 'report.html')}`)
  return predicate.result === 'FAILED' ? 1 : 0
}

/** How many tests that failed or did not run are named. */
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
