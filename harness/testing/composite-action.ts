import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import { execa } from 'execa'
import { parse } from 'yaml'
import { z } from 'zod'

const Values = z.record(z.string(), z.coerce.string())

const Step = z.object({
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: Values.default({}),
  run: z.string().optional(),
  shell: z.string().optional(),
  'working-directory': z.string().default(''),
  env: Values.default({}),
})

/** The parts of an action.yml that the tests use. */
export const Manifest = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ description: z.string(), value: z.string() })),
  runs: z.object({ using: z.literal('composite'), steps: z.array(Step) }),
})

/** What a step uses of another action: its name with the version, and its inputs. */
export type Used = { uses: string; with: Record<string, string> }

/** How an action ended: as a step of a job, with its outputs, what it printed, and the other actions that it used. */
export type Outcome = {
  failed: boolean
  outputs: Record<string, string>
  printed: string
  summary: string
  used: Used[]
}

/** Where and how an action runs. `answers` are the outputs of other actions, by their names without the version. */
export type Surroundings = {
  workspace: string
  environment?: Record<string, string>
  answers?: Record<string, Record<string, string>>
}

/**
 * Runs the composite action of a folder as GitHub's runner does: GitHub's own library evaluates the expressions, and
 * each `run` is a script for bash with the runner's arguments. Other actions do not run. They are recorded.
 */
export const runAction = async (
  folder: string,
  given: Record<string, string>,
  { workspace, environment = {}, answers = {} }: Surroundings,
): Promise<Outcome> => {
  const manifest = Manifest.parse(parse(await readFile(join(folder, 'action.yml'), 'utf8')))
  const defaults = Object.entries(manifest.inputs).map(([name, input]) => [name, given[name] ?? input.default ?? ''])
  const steps: Record<string, { outputs: Record<string, string> }> = {}
  const outcome: Outcome = { failed: false, outputs: {}, printed: '', summary: '', used: [] }
  const runner = await mkdtemp(join(workspace, '.runner-'))
  const files = { GITHUB_OUTPUT: join(runner, 'output'), GITHUB_STEP_SUMMARY: join(runner, 'summary') }
  await writeFile(files.GITHUB_STEP_SUMMARY, '')

  const evaluated = (expression: string): data.ExpressionData =>
    evaluate(expression, { inputs: Object.fromEntries(defaults), steps }, outcome.failed)
  const filled = (text: string): string =>
    text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => evaluated(expression.trim()).coerceString())
  const filledIn = (values: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filled(value)]))

  for (const step of manifest.runs.steps) {
    const condition = conditionOf(step.if)
    if (evaluated(condition).coerceString() !== 'true') continue
    await writeFile(files.GITHUB_OUTPUT, '')
    if (step.uses !== undefined) {
      outcome.used.push({ uses: step.uses, with: filledIn(step.with) })
      steps[step.id ?? step.uses] = { outputs: answers[step.uses.split('@')[0] ?? ''] ?? {} }
      continue
    }
    const script = join(runner, 'script.sh')
    await writeFile(script, filled(step.run ?? ''))
    const { exitCode, all } = await execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: resolve(workspace, filled(step['working-directory'])),
      env: {
        ...environment,
        ...files,
        ...filledIn(step.env),
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: folder,
        GITHUB_WORKSPACE: workspace,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      },
      all: true,
      reject: false,
      stdin: 'ignore',
    })
    outcome.printed += `${all}\n`
    outcome.failed ||= exitCode !== 0
    if (step.id !== undefined) steps[step.id] = { outputs: outputsIn(await readFile(files.GITHUB_OUTPUT, 'utf8')) }
  }
  outcome.summary = await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')
  outcome.outputs = filledIn(
    Object.fromEntries(Object.entries(manifest.outputs).map(([name, { value }]) => [name, value])),
  )
  return outcome
}

/** The condition of a step. One that asks for no status holds only after steps that succeeded. */
const conditionOf = (given: string | undefined): string => {
  const expression = (given ?? 'success()').replace(/^\$\{\{(.*)\}\}$/s, '$1').trim()
  return /\b(success|failure|always|cancelled)\(\)/.test(expression)
    ? `(${expression}) && true || false`
    : `success() && (${expression}) && true || false`
}

const evaluate = (expression: string, contexts: object, failed: boolean): data.ExpressionData => {
  const status = { success: !failed, failure: failed, always: true, cancelled: false }
  const functions = Object.entries(status).map(([name, holds]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds),
  }))
  const context = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary
  const parsed = new Parser(new Lexer(expression).lex().tokens, Object.keys(contexts), functions).parse()
  return new Evaluator(parsed, context, new Map(functions.map((found) => [found.name, found]))).evaluate()
}

/** The outputs in a file of GITHUB_OUTPUT. Of two with the same name the later counts. */
export const outputsIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^([\w-]+)(?:=(.*)|<<(.+)\n([^]*?)\n?\3)$/gm)].map(([, name = '', line, , block]) => [
      name,
      line ?? block ?? '',
    ]),
  )
