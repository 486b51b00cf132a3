/** Arguments as a POSIX shell reads them: those that hold anything special in single quotes. */
export const shellWords = (args: readonly string[]): string =>
  args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`)).join(' ')
