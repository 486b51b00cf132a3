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
