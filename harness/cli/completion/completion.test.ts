import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { commandLineProgram, readArguments } from '#cli/arguments.ts'
import { scratchFolder } from '#testing/edge.ts'
import { completionScript, shells } from './completion-script.ts'

/** What bash offers for the last of the words; bash itself makes “=” a word of its own. */
const offered = async (...words: string[]): Promise<string[]> => {
  const script = join(await scratchFolder(), 'completion.bash')
  await writeFile(script, completionScript('bash', commandLineProgram()))
  const program = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _meshproof; printf "%s\\n" "${COMPREPLY[@]}"'
  const { stdout } = await execa('bash', ['-c', program, script, 'meshproof', ...words])
  return stdout.split('\n').filter(Boolean)
}

test.each([
  [['dia'], ['diagnose']],
  [['images', 'm'], ['mirror']],
  [['completion', 'f'], ['fish']],
  [['up', '--topo'], ['--topology']],
  [['diagnose', '--topo'], []],
  [['--mtls', '=', 's'], ['strict']],
  [
    ['--mtls', '='],
    ['strict', 'off'],
  ],
  [['test', '--topology', 'ga'], ['gateway']],
  [['test', '--topology', '=', 'gateway,vp'], ['gateway,vpn']],
  [['test', '--suite', '=', 'route.pin'], ['route.pin-v2']],
  [['images', 'list', '--images', '=', 'r'], ['release']],
  [
    ['images', 'build', '--'],
    ['--harness', '--platform', '--verbose'],
  ],
  [['diagnose', '--contexts', '=', 'a'], []],
])('bash completes %j', async (words, offers) => {
  expect(await offered(...words)).toEqual(offers)
})

test.each(shells)('%s knows every command and every flag', (shell) => {
  const invocation = readArguments(['completion', shell], {})
  const text = 'text' in invocation ? invocation.text : ''
  for (const command of commandLineProgram().commands) {
    expect(text).toContain(command.name())
    for (const { long } of command.options) expect(text).toMatch(new RegExp(`(--|-l )${(long ?? '').slice(2)}`))
  }
})

test('another shell is refused', () => {
  expect(() => readArguments(['completion', 'tcsh'], {})).toThrow(expect.objectContaining({ code: 'MP-101' }))
})
