import type { Lab } from './lab/lab.ts'
import type { CauseCode } from './diagnose/causes.ts'

/** A way to break a running mesh: what it breaks, which check must notice, and which cause must be named. */
export type Fault = {
  name: string
  /** What somebody did, or forgot. */
  breaks: string
  check: string
  code: CauseCode
  /** Breaks it, and returns what mends it again. */
  apply: (lab: Lab) => Promise<() => Promise<void>>
}
