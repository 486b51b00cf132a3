import { quoted } from '#results/text.ts'

/** Arguments as one line for a POSIX shell. */
export const shellWords = (args: readonly string[]): string => args.map(quoted).join(' ')
