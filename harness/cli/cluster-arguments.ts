import { Option } from 'commander'
import { DiagnoseOptions } from '#commands/diagnose/options.ts'
import { DownOptions } from '#commands/down.ts'
import type { CommandGroup } from './invocation.ts'
import { refuseTogether } from '#run/refused-options.ts'
import { contextFiles, istioctl, istioNamespace, results, verbose } from './shared-flags.ts'

/** Adds the commands that look at clusters, or remove what runs left in them. */
export const addClusterCommands = ({ add, parsed, take }: CommandGroup): void => {
  add('diagnose', 'name the broken layer of an existing mesh; only reads, unless --probe is given')
    .requiredOption('--contexts <names>', 'the context of every cluster of the mesh, comma-separated')
    .addOption(contextFiles)
    .addOption(istioctl)
    .addOption(istioNamespace)
    .option('--probe', 'also send requests, from a labelled namespace that is deleted afterwards')
    .addOption(results)
    .addOption(
      new Option('--output <form>', 'text for people, json for programs, html for a page: on standard output').choices([
        'text',
        'json',
        'html',
      ]),
    )
    .addOption(verbose)
    .action((options: unknown) => {
      take({ command: 'diagnose', options: parsed(DiagnoseOptions, options) })
    })
  add('down', 'delete kept labs, and what killed runs left behind')
    .option('--all', 'also delete the labs of runs in progress')
    .option('--run <id>', 'delete only this run')
    .option('--contexts <names>', 'delete what runs left behind in these existing clusters')
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      take({ command: 'down', options: parsed(DownOptions, options) })
    })
}
