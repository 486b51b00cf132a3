import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MeshproofError } from '#errors.ts'
import { conformance } from './conformance.ts'
import { reportPage } from '#report/html/report-page.ts'
import { junit } from './junit.ts'
import { metrics } from './metrics.ts'
import { readResults } from '#results/read-results.ts'
import { isUnfinished, Results } from '#results/results.ts'
import { shellWord } from '#results/text.ts'
import { writeWhole } from '#results/write-whole.ts'

/**
 * Creates the folder for the reports of a run. A folder that is not empty belongs to another run and is not used.
 * @throws MeshproofError MP-104 when it is not empty, MP-105 when it cannot be created.
 */
export const makeReportFolder = async (runId: string, given: string | undefined): Promise<string> => {
  const folder = given ?? join('reports', runId)
  const full = resolve(folder)
  try {
    await mkdir(full, { recursive: true })
  } catch (cause) {
    throw new MeshproofError('MP-105', {
      what: 'The report folder cannot be created',
      where: folder,
      next: 'Name another with --report-dir.',
      cause,
    })
  }
  if ((await readdir(full)).length > 0) {
    const isOfUnfinished = await readResults(full).then(isUnfinished, () => false)
    throw new MeshproofError('MP-104', {
      what: 'The report folder exists and is not empty',
      where: folder,
      ...(isOfUnfinished
        ? {
            why: 'it belongs to a run that goes on, or was killed',
            next: 'Name another with --report-dir. Remove it if that run was killed; `meshproof down` removes its lab.',
          }
        : { next: 'Name another with --report-dir, or remove it.' }),
    })
  }
  return folder
}

/** Writes results.json of an interrupted run, synchronously: the process ends at once. */
export const writeInterrupted = (results: Results, folder: string): void => {
  writeRun(results, folder, { interrupted: true, exitCode: 130 })
}

/**
 * Writes results.json of a run that goes on, with MP-128 as the reason why it is not complete. It is written
 * synchronously, so that it never comes after the one that the end of the run writes.
 */
export const writeSoFar = (results: Results, folder: string): void => {
  const { code, message, next } = new MeshproofError('MP-128', {
    what: 'The run has not ended: it goes on, or it was killed',
    next: `meshproof report --watch ${shellWord(folder)}`,
  })
  writeRun(results, folder, { exitCode: 2, error: { code, message, next } })
}

const writeRun = (results: Results, folder: string, changed: Partial<Results['run']>): void => {
  const run = { ...results.run, finishedAt: new Date().toISOString(), ...changed }
  const file = join(folder, 'results.json')
  writeFileSync(`${file}.part`, `${JSON.stringify({ ...results, run }, null, 2)}\n`)
  renameSync(`${file}.part`, file)
}

/** Writes results.json and every report, each completely or not at all. */
export const writeReports = async (results: Results, folder: string): Promise<void> => {
  const checked = Results.parse(results)
  await writeWhole(join(folder, 'results.json'), `${JSON.stringify(checked, null, 2)}\n`)
  await renderReports(checked, folder)
}

/** Writes every report into the folder, from the results alone: the same results give the same bytes. */
export const renderReports = async (results: Results, folder: string): Promise<void> => {
  await writeWhole(join(folder, 'report.html'), reportPage(results))
  await writeWhole(join(folder, 'junit.xml'), junit(results))
  await writeWhole(join(folder, 'conformance.yaml'), conformance(results))
  await writeWhole(join(folder, 'metrics.prom'), metrics(results))
}

/** Whether a run writes a file or folder of this name into its report folder, complete or in part. */
export const isOfAReport = (name: string): boolean =>
  ['bundle', 'judges'].includes(name) || reportFiles.includes(name.replace(/(\.\d+)?(\.part)?$/, ''))

const reportFiles = [
  'results.json',
  'report.html',
  'junit.xml',
  'conformance.yaml',
  'metrics.prom',
  'attestation.sigstore.json',
]
