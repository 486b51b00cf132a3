import { expect } from 'vitest'
import type { Code } from '#codes/index.ts'

/** Expects a refusal: exit code 2, the error code, a next step, and no stack trace. */
export const expectRefusal = (
  { exitCode, output }: { exitCode: number; output: string },
  code: Code,
  words: RegExp,
): void => {
  expect(exitCode, output).toBe(2)
  expect(output).toContain(code)
  expect(output).toMatch(words)
  expect(output).toContain('next:')
  expect(output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m)
}
