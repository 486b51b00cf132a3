import type { CodeEntry } from './entry.ts'

/** Errors of the program itself: it does not start, was stopped, or has a defect. */
export const programCodes = {
  'MP-001': {
    cause: 'the dependencies cannot be installed',
    shows: 'The first command on a fresh clone ends at once. The message holds npm’s own words.',
    fix: 'Check that this machine reaches its npm registry, then run the same command again.',
  },
  'MP-002': {
    cause: 'Node cannot be started',
    shows: 'The message names the program that does not start: the Node of node_modules, or the one that runs npm.',
    fix: 'Remove the folder node_modules and run the same command again; it is installed anew.',
  },
  'MP-003': {
    cause: 'Node is too old for an installed meshproof',
    shows: 'Every command of the npm package ends at once. The message names the version that runs.',
    fix:
      'Install Node 22.22 or newer, or add one to the project: `npm install --save-dev node@24`. A checkout of ' +
      'meshproof brings its own Node.',
  },
  'MP-004': {
    cause: 'meshproof does not run under Yarn Plug’n’Play',
    shows: 'Every command ends at once. Go, the container engine and Vitest read files of meshproof, not archives.',
    fix: 'Put `nodeLinker: node-modules` into .yarnrc.yml and run `yarn install`.',
  },
  'MP-130': {
    cause: 'the run was interrupted',
    shows:
      'Somebody pressed Ctrl-C or ended the program. The exit code is 130; results.json says that the run was ' +
      'interrupted, and what it had not reached is “not run”.',
    fix:
      'Run the same command again. Nothing of the run is left behind; `meshproof down` removes what a killed one ' +
      'left.',
  },
  'MP-900': {
    cause: 'the harness itself failed',
    shows: 'The message is that of a defect in meshproof, and says nothing about the mesh. The exit code is 2.',
    fix:
      'Run again with MESHPROOF_DEBUG=1, which prints where it happened, and report that together with the command ' +
      'line.',
  },
} as const satisfies Record<string, CodeEntry>
