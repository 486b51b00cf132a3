import { createHash } from 'node:crypto'
import { z } from 'zod'
import { conformanceReport, conformanceTests } from '#report/conformance.ts'
import type { Results, Verdict } from '#results/results.ts'

/** The file of a report folder with its signed statement: a Sigstore bundle. */
export const attestationFile = 'attestation.sigstore.json'

/** The files whose digests are signed. The other reports are made from results.json. */
export const signedFiles = ['conformance.yaml', 'results.json'] as const

const Tests = z.array(z.string())

/**
 * What is signed: a statement of in-toto (v1) with the predicate “test result” (v0.1). The predicate allows further
 * fields: here the tests that did not run and those that were skipped. They are in no other list.
 */
export const Statement = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })),
  predicateType: z.literal('https://in-toto.io/attestation/test-result/v0.1'),
  predicate: z.object({
    /** `FAILED`: anything failed or did not run. `WARNED`: passed on a retry alone, or not every test was selected. */
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(
      z.object({
        name: z.string(),
        digest: z.record(z.string(), z.string()).optional(),
        content: z.string().optional(),
      }),
    ),
    passedTests: Tests,
    warnedTests: Tests,
    failedTests: Tests,
    notRunTests: Tests.default([]),
    skippedTests: Tests.default([]),
  }),
})
export type Statement = z.infer<typeof Statement>

/** The statement about a run. `files` holds the content of every signed file, in the order of `signedFiles`. */
export const statementOf = (results: Results, files: readonly Buffer[]): Statement => {
  const tests = results.topologies.flatMap((topology) =>
    conformanceTests(topology).map(({ name, verdict }) => ({
      name: `${topology.name}.${topology.mtls}.${name}`,
      verdict,
    })),
  )
  const namesWith = (wanted: Verdict): string[] =>
    tests.filter(({ verdict }) => verdict === wanted).map(({ name }) => name)
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: signedFiles.map((name, index) => ({ name, digest: { sha256: sha256Of(files[index] ?? Buffer.of()) } })),
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: resultOf(results),
      configuration: configurationOf(results),
      passedTests: namesWith('pass'),
      warnedTests: namesWith('flaky'),
      failedTests: namesWith('fail'),
      notRunTests: namesWith('not-run'),
      skippedTests: namesWith('skipped'),
    },
  }
}

/** The digest of a file’s content, in hexadecimal. */
export const sha256Of = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

const resultOf = (results: Results): Statement['predicate']['result'] => {
  if (results.run.exitCode !== 0) return 'FAILED'
  const { profiles } = conformanceReport(results)
  if (profiles.some(({ core }) => core.result === 'failure')) return 'FAILED'
  return profiles.every(({ core }) => core.result === 'success') ? 'PASSED' : 'WARNED'
}

/** The command, as its content, and every image by its digest: resource descriptors of in-toto. */
const configurationOf = ({ run, environment }: Results): Statement['predicate']['configuration'] => [
  ...(run.reproduce === undefined ? [] : [{ name: 'command', content: Buffer.from(run.reproduce).toString('base64') }]),
  ...environment.images.flatMap(({ name, digest }) => {
    const [algorithm = '', value] = digest.split(':')
    return value === undefined ? [] : [{ name, digest: { [algorithm]: value } }]
  }),
]
