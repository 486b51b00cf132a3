import { readFile } from 'node:fs/promises'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { execa, programWatcher, tellOfProgram, watchPrograms } from './programs.ts'

const watched = (): string[] => {
  const lines: string[] = []
  watchPrograms((line) => {
    lines.push(line)
  })
  onTestFinished(() => {
    watchPrograms(undefined)
  })
  return lines
}

test('a program is told of when it starts and when it ends, with how it ended', async () => {
  const lines = watched()
  expect((await execa('sh', ['-c', 'echo said'])).stdout).toBe('said')
  await execa('sh', ['-c', 'exit 3'], { reject: false })
  await execa('/does/not/exist', [], { reject: false })
  const shown = lines.map((line) => line.replace(/^\[\d+\] /, '').replace(/\d+\.\d s/, 'TIME'))
  expect(shown).toEqual([
    "$ sh -c 'echo said'",
    'TIME',
    "$ sh -c 'exit 3'",
    'exit 3 after TIME',
    '$ /does/not/exist',
    'ENOENT after TIME',
  ])
})

test('a program that is stopped says so, and one that goes on is told of, too', async () => {
  const lines = watched()
  await execa('sleep', ['20'], { cancelSignal: AbortSignal.timeout(50), reject: false })
  tellOfProgram('dockerd', ['--add-runtime', 'x'])
  expect(lines.at(-2)).toMatch(/^\[\d+\] stopped after \d+\.\d s$/)
  expect(lines.at(-1)).toBe('$ dockerd --add-runtime x')
})

test('nobody is told where nobody asked', async () => {
  const lines = watched()
  watchPrograms(undefined)
  await execa('true')
  expect(lines).toEqual([])
  expect(programWatcher()).toBeUndefined()
})

test('every program is started here: no other file takes execa from its package', async () => {
  const others: string[] = []
  for await (const path of glob('**/*.ts', { cwd: import.meta.dirname })) {
    if (/\.test\.ts$|^testing\/|^programs\.ts$/.test(path)) continue
    const text = await readFile(join(import.meta.dirname, path), 'utf8')
    if (/import \{[^}]*\bexeca\b[^}]*\} from 'execa'/.test(text)) others.push(path)
  }
  expect(others).toEqual([])
})
