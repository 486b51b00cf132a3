import type { CodeEntry } from './entry.ts'

/** Errors of `matrix`, `cell`, and runs of several versions. */
export const matrixCodes = {
  'MP-161': {
    cause: 'that is no cells document',
    shows: 'The file cannot be read, is not JSON, or names a cell in a way that the message explains.',
    fix: 'Print one with `meshproof matrix`.',
  },
  'MP-162': {
    cause: 'several versions are asked for where one is taken',
    shows:
      '`up`, `prove`, `upgrade` and `judge` work with one version each of Istio, Kubernetes and kind. So do the ' +
      'flags `--keep`, `--reuse`, `--results`, `--attest` and `--artifacts`.',
    fix: 'Name one of each. Several, and every combination of them, are for `meshproof test` and `meshproof matrix`.',
  },
  'MP-163': {
    cause: 'there is no such cell',
    shows: 'No index is given, or the document has no cell of that index. The message says which indices there are.',
    fix: 'Name one with --index; give an Indexed Job as many completions as the document has cells.',
  },
  'MP-164': {
    cause: 'a cell has more than one report folder',
    shows: 'Two of the folders given to `report --cells` have the name of the same cell.',
    fix: 'Leave out the folders that do not belong to this matrix.',
  },
  'MP-165': {
    cause: 'some combinations of versions cannot be had',
    shows:
      'The message lists them, each with the code and the reason that a run of it alone would end with. Nothing ' +
      'was run.',
    fix: 'Put all of them right, or leave those versions out.',
  },
  'MP-166': {
    cause: 'there are more cells than GitHub takes',
    shows: 'A matrix of GitHub Actions has 256 jobs at most.',
    fix: 'Name fewer topologies or versions, or use several matrices.',
  },
  'MP-167': {
    cause: 'a version of Istio for each cluster does not fit the topology',
    shows:
      '--istio=cluster1:1.31,cluster2:1.30 needs a control plane in every cluster, and a version for each. The ' +
      'message says what is missing.',
    fix: 'Choose multi-primary or multi-primary-multi-network, and name a version for every cluster.',
  },
  'MP-168': {
    cause: 'these releases of Istio must not run side by side in one mesh',
    shows: 'The control planes of a mesh may be one minor version apart, as in the middle of an upgrade.',
    fix: 'Name two releases of which one follows the other.',
    sources: ['istio.io, “Supported releases”'],
  },
} as const satisfies Record<string, CodeEntry>
