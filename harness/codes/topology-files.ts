import type { CodeEntry } from './entry.ts'

/** Errors of topology files. */
export const topologyFileCodes = {
  'MP-108': {
    cause: 'a topology file is not valid',
    shows: 'Every mistake has a line of its own: file, line, column, and the rule that it breaks.',
    fix: 'Correct them all and run again. fixtures/topologies/examples/three-clusters.yaml is a file to compare with.',
  },
  'MP-109': {
    cause: 'a topology file cannot be read',
    shows: 'The message names the path as it was looked for, and the words of the operating system.',
    fix: 'Give a path as seen from the present folder; a path has a slash in it or ends in .yaml or .yml.',
  },
} as const satisfies Record<string, CodeEntry>
