/**
 * Untrusted text (names and messages of a cluster, output of a program), made fit for a terminal, the name of a file
 * or a command line.
 */

// C0 without tab and line feed, DEL, C1; marks that turn the direction of writing; separators of lines and paragraphs.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const shown = (control: string): string => {
  const code = control.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? '␡' : `\\u${code.toString(16).padStart(4, '0')}`
}

/**
 * A text without characters that steer a terminal: each is replaced by what shows it (`␛` for an escape). Tabs and
 * line breaks stay.
 */
export const printable = (text: string): string => text.replace(controls, shown)

/** A printable text in one line: line breaks become spaces, so that untrusted text cannot look like a line of ours. */
export const inOneLine = (text: string): string => printable(text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim())

/** A word for a POSIX shell: in single quotes if the shell would read anything else in it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('=') ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** A printable word of a command line that a person pastes into a shell. */
export const shellWord = (word: string): string => quoted(printable(word))

/**
 * A name as a part of a path: without separators and control characters, and never `.` or `..`.
 */
export const pathPart = (name: string): string => {
  const safe = printable(name).replaceAll(/[/\\:*?"`<>|]/g, '_')
  return safe === '' || /^\.+$/.test(safe) ? '_' : safe.slice(0, 200)
}

/** JSON for a person’s screen as well as a program: what JSON leaves as it is and a terminal obeys is escaped. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${(control.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )

/**
 * A line in which GitHub’s runner reads no workflow command (`::error::`, `##[error]`), although untrusted text
 * begins with one. The runner looks behind leading white space, too.
 */
export const withoutCommands = (text: string): string =>
  text.replaceAll(/^(\s*):(?=:)/gm, '$1∶').replaceAll('##[', '#＃[')
