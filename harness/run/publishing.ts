import { type Artifacts, openArtifacts } from '#report/artifacts.ts'
import { attest } from '#report/attestation/attest.ts'
import { readSigner } from '#report/attestation/keys.ts'
import { alsoOn, type Terminal } from '#report/terminal.ts'
import type { Results } from '#results/results.ts'
import type { RunOptions } from './options.ts'

/** What happens to the report of a run beside its folder: a signature, and the files for Prow and TestGrid. */
export type Publishing = {
  /** The run has begun. */
  begin: (results: Results) => Promise<void>
  /** The reports are written. */
  end: (results: Results, folder: string) => Promise<void>
  /** The process ends at once. Nothing is signed then, since the results are not complete. */
  endAtOnce: (results: Results) => void
  /** The terminal whose lines are also kept. */
  logged: (screen: Terminal) => Terminal
}

/** The report goes nowhere else. */
export const notPublished: Publishing = {
  begin: () => Promise.resolve(),
  end: () => Promise.resolve(),
  endAtOnce: () => undefined,
  logged: (screen) => screen,
}

/**
 * What `--attest` and `--artifacts` ask for. The key is read now, so that a run which could not be signed does not
 * start.
 * @throws MeshproofError MP-192 for the key, MP-191 for the folder of artifacts.
 */
export const publishingOf = async ({
  attest: keyFile,
  artifacts: folder,
  reportDir,
}: Pick<RunOptions, 'attest' | 'artifacts' | 'reportDir'>): Promise<Publishing> => {
  const signer = keyFile === undefined ? undefined : await readSigner(keyFile)
  const artifacts: Artifacts | undefined = folder === undefined ? undefined : await openArtifacts(folder, reportDir)
  return {
    begin: async (results) => artifacts?.begin(results),
    end: async (results, reports) => {
      if (signer) await attest(results, reports, signer)
      await artifacts?.end(results, reports)
    },
    endAtOnce: (results) => artifacts?.endAtOnce(results),
    logged: (screen) => (artifacts ? alsoOn(screen, artifacts.log) : screen),
  }
}
