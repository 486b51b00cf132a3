import { checkCodes, unexplainedCodes } from './checks.ts'
import { clusterAnswerCodes } from './cluster-answers.ts'
import { commandLineCodes } from './command-line.ts'
import { diagnosisCodes } from './diagnosis.ts'
import { existingClusterCodes } from './existing-clusters.ts'
import { sourceImageCodes } from './images-from-source.ts'
import { inClusterCodes } from './in-cluster.ts'
import { installingCodes } from './installing.ts'
import { judgeCodes } from './judges.ts'
import { labCodes } from './lab.ts'
import { machineCodes } from './machine.ts'
import { matrixCodes } from './matrix.ts'
import { probeCodes } from './probes.ts'
import { programCodes } from './program.ts'
import { proveCodes } from './prove.ts'
import { publishedImageCodes } from './published-images.ts'
import { reportCodes } from './reports.ts'
import { topologyFileCodes } from './topology-files.ts'
import { upgradeCodes } from './upgrade.ts'
import { upgradeRefusalCodes } from './upgrade-refusals.ts'

export type { CodeEntry } from './entry.ts'
export { checkCodes, diagnosisCodes, upgradeCodes }

/** The one table of codes: every code that meshproof prints or writes, with what it means and what to do. */
export const codes = {
  ...programCodes,
  ...commandLineCodes,
  ...topologyFileCodes,
  ...reportCodes,
  ...existingClusterCodes,
  ...upgradeRefusalCodes,
  ...matrixCodes,
  ...inClusterCodes,
  ...machineCodes,
  ...sourceImageCodes,
  ...publishedImageCodes,
  ...judgeCodes,
  ...labCodes,
  ...clusterAnswerCodes,
  ...installingCodes,
  ...probeCodes,
  ...proveCodes,
  ...unexplainedCodes,
  ...checkCodes,
  ...diagnosisCodes,
  ...upgradeCodes,
}

/** A code of the table. Whatever carries a code carries one of these. */
export type Code = keyof typeof codes
