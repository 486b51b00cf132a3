import type { CodeEntry } from './entry.ts'

/** Errors of `prove`, which breaks running labs. */
export const proveCodes = {
  'MP-801': {
    cause: 'the mesh is not green before anything is broken',
    shows: 'A minute and a half after the lab was made, a check still fails. What fails is printed above the message.',
    fix: 'Run `meshproof test` with the same topology, which shows what is wrong with it.',
  },
  'MP-802': {
    cause: 'the mesh does not become green again after a fault',
    shows:
      'A minute and a half after the fault was taken back, a check still fails, or a diagnosis still finds ' +
      'something.',
    fix: 'This is a defect of the fault: it leaves something behind. Report it with what is printed above the message.',
  },
} as const satisfies Record<string, CodeEntry>
