import { Option } from 'commander'
import { CellOptions, MatrixOptions } from '#commands/matrix/options.ts'
import type { CommandGroup } from './invocation.ts'
import { refuseTogether } from '#run/refused-options.ts'
import { checkTimeout, contextFiles, contexts, results, withLabOptions } from './shared-flags.ts'

/** Adds the commands of matrices. */
export const addMatrixCommands = ({ add, parsed, take }: CommandGroup): void => {
  const matrix = withLabOptions(
    add('matrix', 'print the cells of a matrix, for a CI system or a cluster; each cell is a separate test'),
    'several',
  )
  matrix
    .option(
      '--suite <patterns>',
      'check ids, comma-separated; each --suite makes separate cells',
      // The first one that is typed replaces those of the config file.
      (patterns, before: string[] | undefined) =>
        matrix.getOptionValueSource('suite') === 'cli' ? [...(before ?? []), patterns] : [patterns],
    )
    .addOption(checkTimeout)
    .option('--fail-fast', 'stop a cell at its first failed check')
    .addOption(contexts)
    .addOption(contextFiles)
    .addOption(results)
    .addOption(
      new Option(
        '--emit <form>',
        'the form of the output (default: cells, the document that cell and report read)',
      ).choices(['cells', 'github', 'gitlab', 'kubernetes']),
    )
    .option('--queue <name>', 'the Kueue queue that admits the Job')
    .option('--image <name>', 'the image of the Job’s pods (default: the image of meshproof)')
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      take({ command: 'matrix', options: parsed(MatrixOptions, options) })
    })
  add('cell', 'run one cell of a matrix')
    .requiredOption('--cells <file>', 'the cells document that matrix prints')
    .option('--index <number>', 'which cell, counted from 0 (default: JOB_COMPLETION_INDEX, which an Indexed Job sets)')
    .option('--report-dir <folder>', 'where the report goes, in a folder with the name of the cell (default: reports)')
    .action((options: unknown) => {
      take({ command: 'cell', options: parsed(CellOptions, options) })
    })
}
