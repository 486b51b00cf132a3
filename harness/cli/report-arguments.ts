import type { ReportOptions } from '#commands/report/report.ts'
import type { CommandGroup } from './invocation.ts'
import { output } from './shared-flags.ts'

/** Adds the commands that read the reports of runs. */
export const addReportCommands = ({ add, take }: Omit<CommandGroup, 'parsed'>): void => {
  add('report', 'write the reports of a run again; for several runs also one page that compares them')
    .argument('<folders...>', 'report folders with a results.json, or folders that contain report folders')
    .option('--report-dir <folder>', 'where matrix.html goes (default: reports)')
    .option(
      '--cells <file>',
      'the cells of the matrix that these reports belong to; a cell without a report counts as not run',
    )
    .option('--open', 'open the page')
    .option('--watch', 'write the reports again whenever a run has written results, until Ctrl-C')
    .action((folders: string[], { reportDir, cells, open, watch }: Partial<Omit<ReportOptions, 'folders'>>) => {
      take({ command: 'report', options: { folders, reportDir, cells, open, watch } })
    })
  add('history', 'show many runs over time: which checks flake, and what became slower')
    .argument('<folders...>', 'report folders, or folders that contain them at any depth')
    .option('--report-dir <folder>', 'where history.html goes (default: reports)')
    .addOption(output)
    .action((folders: string[], { reportDir, output: form }: { reportDir?: string; output?: 'text' | 'json' }) => {
      take({ command: 'history', options: { folders, reportDir, output: form ?? 'text' } })
    })
  add('verify-report', 'check the signature of a report, and that its files are the ones that were signed')
    .argument('<folder>', 'the report folder of a run with --attest')
    .requiredOption('--key <file>', 'the public key of the signer, in PEM')
    .action((folder: string, { key }: { key: string }) => {
      take({ command: 'verify-report', options: { folder, key } })
    })
  add('metrics', 'serve the metrics.prom of folders to Prometheus, at port 9464')
    .argument('<folders...>', 'report folders, or folders where ConfigMaps of results are mounted')
    .action((folders: string[]) => {
      take({ command: 'metrics', options: { folders } })
    })
}
