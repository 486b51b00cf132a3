import { type Command, Option } from 'commander'
import { ImagesOptions } from '#commands/images/options.ts'
import { harnessPlatforms } from '#images/source/harness-image.ts'
import type { CommandGroup } from './invocation.ts'
import { gateways, installer, output, pins, verbose, withVersions } from './shared-flags.ts'

const versions = (command: Command): Command =>
  withVersions(command.addOption(pins)).addOption(installer).addOption(gateways).addOption(output)

/** Adds the commands of images, and returns their group. */
export const addImagesCommands = ({ add, parsed, take }: CommandGroup): Command => {
  const group = add('images', 'the images of a lab').exitOverride().helpCommand(false)
  const registry = '--registry <host/prefix>'
  versions(
    group
      .command('list')
      .description(
        'list the images of a lab and what is built already; with a version, or --images=release, every published ' +
          'image with its digest',
      ),
  )
    .addOption(new Option('--images <source>', 'images built here, or published ones').choices(['source', 'release']))
    .option(registry, 'show the digests in this mirror')
    .action((options: unknown) => {
      take({ command: 'images list', options: parsed(ImagesOptions.list, options) })
    })
  group
    .command('build')
    .description('build everything from source now')
    .option('--harness', 'instead build the image of meshproof itself, to run it inside a cluster')
    .addOption(
      new Option('--platform <os/processor>', 'with --harness: build it for this platform').choices([
        ...harnessPlatforms,
      ]),
    )
    .addOption(verbose)
    .action((options: unknown) => {
      take({ command: 'images build', options: parsed(ImagesOptions.build, options) })
    })
  versions(
    group.command('mirror').description('copy all published images into a registry; only what is missing is copied'),
  )
    .requiredOption('--to <host/prefix>', 'the registry, and the prefix in it')
    .action((options: unknown) => {
      take({ command: 'images mirror', options: parsed(ImagesOptions.mirror, options) })
    })
  versions(
    group
      .command('verify')
      .description('compare a mirror with the pinned and recorded digests; exit code 1 if it differs'),
  )
    .requiredOption(registry, 'the mirror')
    .action((options: unknown) => {
      take({ command: 'images verify', options: parsed(ImagesOptions.verify, options) })
    })
  versions(
    group
      .command('save')
      .description('write an archive that lets a machine run labs without a network')
      .argument('<file>'),
  )
    .option(registry, 'take everything from this mirror')
    .action((file: string, options: object) => {
      take({ command: 'images save', options: parsed(ImagesOptions.save, { ...options, file }) })
    })
  group
    .command('load')
    .description('load an archive that save wrote into the container engine')
    .argument('<file>')
    .action((file: string) => {
      take({ command: 'images load', options: parsed(ImagesOptions.load, { file }) })
    })
  return group
}
