import { reasonOf } from '#errors.ts'
import type { Phase } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'

/** The log of a run’s phases. Times are milliseconds since the epoch. */
export type PhaseLog = {
  started: (name: string, at: number) => void
  ended: (name: string, at: number, verdict: Phase['verdict'], error?: unknown) => void
  all: () => Phase[]
}

/** An empty log. It shows the start and the end of every phase on the terminal. */
export const phaseLog = (terminal: Terminal): PhaseLog => {
  const phases: Phase[] = []
  const open = new Map<string, number>()
  return {
    started: (name, at) => {
      open.set(name, at)
      terminal.started(name)
    },
    ended: (name, at, verdict, error) => {
      const since = open.get(name) ?? at
      const seconds = (at - since) / 1000
      phases.push({ name, startedAt: new Date(since).toISOString(), seconds, verdict })
      terminal.ended(name, seconds, verdict)
      if (verdict === 'fail' && error !== undefined) terminal.problem(`    ${reasonOf(error)}`)
    },
    all: () => [...phases],
  }
}
