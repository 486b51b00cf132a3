import type { Command } from 'commander'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { commandWords } from './words.ts'
import { zshScript } from './zsh.ts'

/** The shells that meshproof has a completion for. */
export const shells = ['bash', 'zsh', 'fish'] as const

/** A shell that meshproof has a completion for. */
export type Shell = (typeof shells)[number]

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** The script that completes the command line of a program in a shell. */
export const completionScript = (shell: Shell, program: Command): string => scripts[shell](commandWords(program))
