import { parse } from 'yaml'
import { z } from 'zod'
import type { JudgeLevel } from '#results/results.ts'

const Status = z.looseObject({
  result: z.string(),
  statistics: z.looseObject({ Passed: z.number(), Failed: z.number(), Skipped: z.number() }),
})

const Report = z.looseObject({
  kind: z.literal('ConformanceReport'),
  gatewayAPIVersion: z.string(),
  profiles: z.array(z.looseObject({ name: z.string(), core: Status, extended: Status.optional() })),
})

/** The levels of support in a report of Gateway API’s conformance tests. @throws Error for another document. */
export const levelsIn = (text: string): JudgeLevel[] =>
  Report.parse(parse(text)).profiles.flatMap(({ core, extended }) => [
    levelOf('core', core),
    ...(extended === undefined ? [] : [levelOf('extended', extended)]),
  ])

const levelOf = (name: string, { result, statistics }: z.infer<typeof Status>): JudgeLevel => ({
  name,
  result,
  passed: statistics.Passed,
  failed: statistics.Failed,
  skipped: statistics.Skipped,
})
