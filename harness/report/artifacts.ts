import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { Writable } from 'node:stream'
import { MeshproofError, reasonOf } from '#errors.ts'
import { type Results, variantName } from '#results/results.ts'
import { writeWhole } from '#results/write-whole.ts'
import { junit } from './junit.ts'
import { terminal, type Terminal } from './terminal.ts'
import { runVerdict } from './words.ts'

/**
 * The files that Prow and TestGrid read of a job (kubernetes/test-infra, “GCS bucket layout”): `started.json`,
 * `finished.json`, `artifacts/junit_01.xml` and `build-log.txt`.
 */
export type Artifacts = {
  /** Writes `started.json`. */
  begin: (results: Results) => Promise<void>
  /** Writes JUnit and `finished.json`, and the summary into the log. */
  end: (results: Results, reports: string) => Promise<void>
  /** Writes what `end` writes, synchronously, for a process that ends at once: the job counts as aborted. */
  endAtOnce: (results: Results) => void
  /** A terminal that writes its lines to `build-log.txt`. */
  log: Terminal
}

/**
 * Makes the folder for artifacts ready. `reportDir` is the report folder that the user named: it must be empty when the
 * run begins.
 * @throws MeshproofError MP-191 when it cannot be made or written, belongs to another run, or is in the report folder.
 */
export const openArtifacts = async (folder: string, reportDir?: string): Promise<Artifacts> => {
  const unusable = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-191', {
      what: 'The folder for artifacts cannot be used',
      where: folder,
      why,
      next: 'Name another with --artifacts, or remove what is in it.',
      cause,
    })
  if (reportDir !== undefined && `${resolve(folder)}${sep}`.startsWith(`${resolve(reportDir)}${sep}`))
    throw unusable('it is the report folder, or in it')
  const started = join(folder, 'started.json')
  if (existsSync(started)) throw unusable('it has the started.json of another run')
  const log = join(folder, 'build-log.txt')
  try {
    await mkdir(join(folder, 'artifacts'), { recursive: true })
    writeFileSync(log, '')
  } catch (error) {
    throw unusable(reasonOf(error), error)
  }
  const logged = terminal(linesInto(log), {})
  const write = (file: string, document: object): Promise<void> => writeWhole(join(folder, file), jsonOf(document))
  return {
    begin: ({ run }) => write('started.json', { timestamp: secondsAt(run.startedAt) }),
    end: async (results, reports) => {
      logged.summary(results, reports)
      await writeWhole(join(folder, junitFile), junit(results))
      await write('finished.json', finished(results))
    },
    endAtOnce: (results) => {
      const run = { ...results.run, interrupted: true, exitCode: 130, finishedAt: new Date().toISOString() }
      const stopped = { ...results, run }
      mkdirSync(join(folder, 'artifacts'), { recursive: true })
      writeFileSync(join(folder, junitFile), junit(stopped))
      writeFileSync(join(folder, 'finished.json'), jsonOf(finished(stopped)))
    },
    log: logged,
  }
}

const junitFile = 'artifacts/junit_01.xml'

/** `finished.json`. TestGrid shows the metadata as headers of a column. */
const finished = (results: Results): object => {
  const { run, environment } = results
  const passed = run.exitCode === 0
  return {
    timestamp: secondsAt(run.finishedAt),
    passed,
    result: run.interrupted ? 'ABORTED' : passed ? 'SUCCESS' : 'FAILURE',
    metadata: {
      run: run.id,
      verdict: runVerdict(results),
      topologies: results.topologies.map(variantName).join(', '),
      ...(environment.meshproof === undefined ? {} : { meshproof: environment.meshproof }),
      istio: environment.istio,
      envoy: environment.envoy,
      kubernetes: environment.kubernetes,
      kind: environment.kind,
    },
  }
}

const secondsAt = (moment: string): number => Math.floor(Date.parse(moment) / 1000)

const jsonOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`

/** A stream into a file. The process can end at any time, so each line is written at once. A full disk ends no run. */
const linesInto = (file: string): Writable =>
  new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      try {
        appendFileSync(file, text)
      } catch {
        // The verdict is what counts; the reports say where they cannot be written.
      }
      done()
    },
  })
