import type { Check } from '#checks/check.ts'
import { suites } from '../../suites/index.ts'

/** Joins the lists of the suites. @throws Error where two checks have the same id, since ids are stable and unique. */
export const joined = (lists: readonly (readonly Check[])[]): readonly Check[] => {
  const checks = lists.flat()
  const duplicate = checks.find(({ id }, index) => checks.findIndex((check) => check.id === id) !== index)
  if (duplicate) throw new Error(`two checks are called ${duplicate.id}`)
  return checks
}

/** Every check of the suites, the bottom layer first. */
export const catalogue = joined(suites)
