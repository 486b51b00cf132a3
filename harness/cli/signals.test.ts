import { expect, onTestFinished, test } from 'vitest'
import { Interrupted } from '#errors.ts'
import { listenForSignals, type Listening } from './signals.ts'

/** Signals with a clock of the test's own; leaving at once is an error that whoever sends the signal gets. */
const listen = (): Listening & { clock: { now: number }; said: string[] } => {
  const clock = { now: 1_000_000 }
  const said: string[] = []
  const signals = listenForSignals(
    (line) => {
      said.push(line)
    },
    () => clock.now,
  )
  onTestFinished(signals.release)
  signals.atOnce(() => {
    throw new Error('left at once')
  })
  return { ...signals, clock, said }
}

test('the first Ctrl-C asks for an orderly end and says what a second does', () => {
  const { signal, said } = listen()
  expect(signal.aborted).toBe(false)
  process.emit('SIGINT')
  expect(signal.reason).toBeInstanceOf(Interrupted)
  expect(said).toEqual([expect.stringContaining('Ctrl-C again')])
})

test('what arrives within a second is the same key press, what comes later leaves at once', () => {
  const { clock, said } = listen()
  process.emit('SIGINT')
  clock.now += 1000
  process.emit('SIGINT')
  clock.now += 1
  expect(() => process.emit('SIGINT')).toThrow('left at once')
  expect(said).toHaveLength(1)
})

test.each(['SIGTERM', 'SIGHUP'] as const)('%s asks for an orderly end, however often', (name) => {
  const { signal, clock } = listen()
  process.emit(name)
  expect(signal.reason).toBeInstanceOf(Interrupted)
  clock.now += 5000
  process.emit(name)
})

test('nothing listens any more after the release', () => {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const counts = (): number[] => names.map((name) => process.listenerCount(name))
  const before = counts()
  const { release } = listen()
  expect(counts()).toEqual(before.map((count) => count + 1))
  release()
  expect(counts()).toEqual(before)
})

test('a Ctrl-C right after SIGTERM does not leave at once', () => {
  listen()
  process.emit('SIGTERM')
  expect(() => process.emit('SIGINT')).not.toThrow()
})
