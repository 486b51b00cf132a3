import type { Check } from '#checks/check.ts'
import { suites } from '../../suites/index.ts'

/** Joins the lists of the suites. @throws Error where two checks have the same id, since ids are stable and unique. */
export const joined = (lists: readonly (readonly Check[])[]): readonly Check[] => {
  const checks = lists.flat()
  const twice = checks.find(({ id }, index) => checks.findIndex((check) => check.id === id) !== index)
  if (twice) throw new Error(`two checks are called ${twice.id}`)
  return checks
}

/** Every check of the suites, bottom layer first. */
export const catalogue = joined(suites)
