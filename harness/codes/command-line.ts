import type { CodeEntry } from './entry.ts'

/** Errors of the command line, found before anything is made. */
export const commandLineCodes = {
  'MP-101': {
    cause: 'a command, flag or value does not exist',
    shows: 'The message names the word that is not known, and the nearest one that is.',
    fix: 'Take one of the words that the message lists. `meshproof COMMAND --help` shows every flag.',
  },
  'MP-102': {
    cause: 'npm took the flags for itself',
    shows: 'A line like `npm test --topology=vpn` ends at once: without `--`, npm does not pass flags on.',
    fix: 'Put `--` before the flags. The message holds the whole line to type.',
  },
  'MP-103': {
    cause: 'the patterns of --suite leave no check',
    shows: 'Each pattern fits a check, and together they exclude every one.',
    fix: 'Leave out an exclusion. `meshproof list` shows every check.',
  },
  'MP-106': {
    cause: 'there is no kept lab to use again',
    shows:
      '`--reuse` finds no lab, none of that name, or none of the topology that was asked for. The message lists ' +
      'those there are.',
    fix: 'Make one with `--keep` or `meshproof up`, or name one that is listed.',
  },
  'MP-107': {
    cause: 'no source of images has these versions together',
    shows:
      'The versions, the source of images and the registry that were asked for exclude each other. The message ' +
      'says what each source has.',
    fix:
      'Leave out --images, --istio, --kubernetes, --kind, --registry or --istio-source, or choose versions of one ' +
      'source.',
  },
  'MP-110': {
    cause: 'more than one lab would have to be kept',
    shows: '`--keep` and `up` were asked for several topologies, or for a topology in both variants of mutual TLS.',
    fix: 'Name one topology with --topology, and one --mtls where the topology has both variants.',
  },
  'MP-136': {
    cause: '--charts is given without --installer=helm',
    shows: 'istioctl has the charts of its release inside, and takes no others.',
    fix: 'Add `--installer=helm`, or leave out `--charts`.',
  },
  'MP-137': {
    cause: 'a topology that Helm installs sets options of an operator',
    shows: 'The topology file has `operator`. Only istioctl takes an IstioOperator.',
    fix: 'Leave `operator` out of the file and change the values in charts of your own (`--charts`), or use istioctl.',
  },
  'MP-138': {
    cause: 'a command does not support an external control plane',
    shows: '`upgrade` and `prove` work where istiod runs in a primary. The topology has its istiod in another cluster.',
    fix: 'Name another topology. `meshproof test` runs every check on an external control plane.',
  },
  'MP-139': {
    cause: '--gateways=gateway-api is given for topologies without gateways',
    shows: 'All topologies that are named have their clusters on one network. They need no east-west gateways.',
    fix: 'Leave out `--gateways`, or name a topology with several networks, such as `primary-remote`.',
  },
  'MP-141': {
    cause: 'flags for labs and flags for existing clusters are mixed',
    shows: 'The message lists the flags that say nothing about what was asked for.',
    fix:
      'Name existing clusters with --contexts and leave out the flags of labs, or leave out --contexts and have a ' +
      'lab made.',
  },
  'MP-180': {
    cause: 'the config file cannot be read',
    shows: 'The message names the file and holds the words of Node: a mistake of syntax, or an error that it throws.',
    fix:
      'Correct the file. A .ts or .js file exports its flags as the default; in a project of CommonJS it assigns ' +
      'them to module.exports.',
  },
  'MP-181': {
    cause: 'the config file is not valid',
    shows: 'The message lists every flag or command that does not exist, and every value of the wrong form.',
    fix:
      'Use the names of the flags without their dashes, at the top or in the section of a command. ' +
      '`meshproof COMMAND --help` lists them.',
  },
  'MP-182': {
    cause: 'there is more than one config file',
    shows: 'The folder has two or three of meshproof.config.ts, .js and .json.',
    fix: 'Keep one of them.',
  },
  'MP-183': {
    cause: '`init` would overwrite a file',
    shows: 'The project has a config file already, or a workflow of that name. Nothing is written.',
    fix: 'Edit the file that is there, or remove it and run the same command again.',
  },
  'MP-190': {
    cause: '`--fresh` is given where it cannot apply',
    shows:
      'Each repetition would have a lab of its own, but `--repeat` is missing, or `--contexts`, `--reuse` or ' +
      '`--keep` asks for one mesh that stays.',
    fix: 'Add `--repeat=N` and leave out the other flag. Without `--fresh` the checks repeat on one lab or mesh.',
  },
} as const satisfies Record<string, CodeEntry>
