import { type Command, Option } from 'commander'
import type { z } from 'zod'
import { type ImagesInvocation, ImagesOptions } from '#commands/images/options.ts'
import { output, pins, withVersions } from './shared-flags.ts'

const versions = (command: Command): Command => withVersions(command.addOption(pins)).addOption(output)

/** Adds the commands to their group; `take` hears which was asked for, once `parsed` has validated its flags. */
export const addImagesCommands = (
  group: Command,
  parsed: <T>(schema: z.ZodType<T>, options: unknown) => T,
  take: (invocation: ImagesInvocation) => void,
): void => {
  const registry = '--registry <host/prefix>'
  versions(
    group
      .command('list')
      .description(
        'what a lab needs, and what of it is built; with a version, or --images=release, every published image ' +
          'with its digest',
      ),
  )
    .addOption(new Option('--images <source>', 'built here, or published').choices(['source', 'release']))
    .option(registry, 'the digests that this mirror has')
    .action((options: unknown) => {
      take({ command: 'images list', options: parsed(ImagesOptions.list, options) })
    })
  group
    .command('build')
    .description('build everything from source now')
    .option('--harness', 'the image of the harness itself instead, to run it inside a cluster')
    .action((options: unknown) => {
      take({ command: 'images build', options: parsed(ImagesOptions.build, options) })
    })
  versions(
    group.command('mirror').description('copy everything published into a registry: what is there already stays'),
  )
    .requiredOption('--to <host/prefix>', 'the registry, and where in it')
    .action((options: unknown) => {
      take({ command: 'images mirror', options: parsed(ImagesOptions.mirror, options) })
    })
  versions(
    group.command('verify').description('compare a mirror with what is pinned and recorded; exit 1 where it differs'),
  )
    .requiredOption(registry, 'the mirror')
    .action((options: unknown) => {
      take({ command: 'images verify', options: parsed(ImagesOptions.verify, options) })
    })
  versions(group.command('save').description('write one archive that a run needs no network with').argument('<file>'))
    .option(registry, 'take everything from this mirror')
    .action((file: string, options: object) => {
      take({ command: 'images save', options: parsed(ImagesOptions.save, { ...options, file }) })
    })
  group
    .command('load')
    .description('give the engine what such an archive holds')
    .argument('<file>')
    .action((file: string) => {
      take({ command: 'images load', options: parsed(ImagesOptions.load, { file }) })
    })
}
