/** Arguments as one line for a POSIX shell. An argument with special characters is in single quotes. */
export const shellWords = (args: readonly string[]): string =>
  args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`)).join(' ')
