import { flagOf, RunOptions } from '#run/options.ts'

const defaults: Record<string, unknown> = RunOptions.parse({})

/**
 * The arguments of `meshproof` that give these options: `test`, and a flag for each option that differs from its
 * default.
 */
export const argumentsOf = (options: Partial<RunOptions>): string[] => [
  'test',
  ...Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || JSON.stringify(value) === JSON.stringify(defaults[key])) return []
    const flag = flagOf(key)
    return [value === true ? flag : `${flag}=${[value].flat().join(',')}`]
  }),
]
