import { type Download, type LiveState, type RunningPhase, speedOf } from './live-state.ts'

/** How a part of a line looks: the spinner and what is done stand out, the rest steps back. */
export type Look = 'bright' | 'faint'
/** Gives a text a look, as the terminal can show it. */
export type Paint = (look: Look, text: string) => string

/** The size of the terminal, in characters. */
export type Size = { columns: number; rows: number }

type Segment = readonly [look: Look, text: string]

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Milliseconds for which a frame of the spinner is shown. */
export const frameTime = 120

/** The most lines that are shown at once. On a low terminal they take half of it: printed lines stay in sight. */
const mostLines = 8

/**
 * What is under way, as lines that fit the terminal: each phase and check with its time so far, phases of several parts
 * and builds with a bar, and downloads with their sizes, speed and what remains. `now` is milliseconds since the epoch.
 */
export const liveLines = (state: LiveState, now: number, { columns, rows }: Size, paint: Paint): string[] => {
  const lines = [
    ...[...state.running].map(([name, phase]) => phaseLine(name, phase, now, columns)),
    ...(state.build ? [buildLine(state.build, columns)] : []),
    ...[...state.downloads].map(([name, download]) => downloadLine(name, download, now, columns)),
  ]
  const most = Math.max(1, Math.min(mostLines, Math.floor(rows / 2)))
  const shown = lines.length > most ? lines.slice(0, most - 1) : lines
  const rest: Segment[][] = lines.length > most ? [[['faint', `  and ${lines.length - shown.length} more`]]] : []
  // The last column stays free: some terminals begin a new line as soon as it is filled.
  return [...shown, ...rest].map((line) => painted(line, columns - 1, paint))
}

const phaseLine = (name: string, { since, parts }: RunningPhase, now: number, columns: number): Segment[] => {
  const time = elapsed((now - since) / 1000)
  return [
    ['bright', spinner[Math.floor(now / frameTime) % spinner.length] ?? ''],
    ['faint', ` ${cut(name, columns - time.length - 4)} ${time}`],
    ...(parts === undefined ? [] : barOf(parts.done, parts.of, columns)),
    ...(parts === undefined ? [] : [['faint', `  ${parts.done} of ${parts.of}`] as const]),
  ]
}

const buildLine = ({ building, done, of, remaining }: NonNullable<LiveState['build']>, columns: number): Segment[] => [
  ...barOf(done, of, columns),
  ['faint', `  ${done} of ${of}${remaining > 0 ? `, about ${elapsed(remaining)} remain` : ''}: ${building.join(', ')}`],
]

const downloadLine = (name: string, download: Download, now: number, columns: number): Segment[] => {
  const { of, samples } = download
  const bytes = samples.at(-1)?.bytes ?? 0
  const speed = speedOf(download, now)
  const words = [
    of === undefined ? megabytes(bytes) : `${megabytes(bytes).replace(' MB', '')} of ${megabytes(of)}`,
    ...(speed === undefined ? [] : [`${megabytes(speed)}/s`]),
    ...(of === undefined || !speed ? [] : [`about ${elapsed(Math.ceil((of - bytes) / speed))} remain`]),
  ]
  return [...(of === undefined ? [] : barOf(bytes, of, columns)), ['faint', `  ${name}  ${words.join(', ')}`]]
}

/** A bar, or nothing where the terminal is too narrow for one. */
const barOf = (done: number, of: number, columns: number): Segment[] => {
  const width = columns >= 72 ? 24 : columns >= 48 ? 12 : 0
  const full = of > 0 ? Math.round(Math.min(1, Math.max(0, done / of)) * width) : 0
  if (width === 0) return []
  return [
    ['bright', `  ${'━'.repeat(full)}`],
    ['faint', '─'.repeat(width - full)],
  ]
}

const painted = (line: readonly Segment[], room: number, paint: Paint): string => {
  let left = room
  return line
    .map(([look, text]) => {
      const fitting = cut(text, left)
      left -= Array.from(fitting).length
      return fitting === '' ? '' : paint(look, fitting)
    })
    .join('')
}

/** A text of at most so many characters; its end gives way. */
const cut = (text: string, most: number): string => {
  const characters = Array.from(text)
  if (characters.length <= most) return text
  return most <= 0 ? '' : `${characters.slice(0, most - 1).join('')}…`
}

/** Seconds in whole numbers, so that the line does not flicker: `9 s`, `1 min 12 s`, `2 h 3 min`. */
const elapsed = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
