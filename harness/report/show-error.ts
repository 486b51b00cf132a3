import type { Terminal } from './terminal.ts'

/** Shows an error with its code, and the next step. */
export const showError = (
  screen: Pick<Terminal, 'problem' | 'line'>,
  { code, message, next }: { code: string; message: string; next: string },
): void => {
  screen.problem(`${code}  ${message}`)
  screen.line(`  next: ${next}`)
}
