import type { CodeEntry } from './entry.ts'

/** Errors of running inside a cluster, and of building the image for it. */
export const inClusterCodes = {
  'MP-170': {
    cause: 'this machine cannot build the image of meshproof for the engine',
    shows:
      '`images build --harness` runs on another operating system or processor than the engine’s. The image takes ' +
      'Node and the packages that are installed here.',
    fix:
      'Build it on the kind of machine that the message names, and push it from there. A checkout on Linux can build ' +
      'it for another processor with `--platform`.',
  },
  'MP-172': {
    cause: '“in-cluster” is used where this is no pod with an account',
    shows:
      'The context `in-cluster`, or `--results`, is used outside of a cluster, or in a pod without the token of a ' +
      'service account.',
    fix: 'Name contexts of a kubeconfig. In a pod, set automountServiceAccountToken.',
  },
  'MP-173': {
    cause: 'the results could not be kept: their ConfigMap may not be written',
    shows: 'The run ends before anything is made: the account of the pod may not create or change ConfigMaps there.',
    fix: 'Install the chart in fixtures/chart, which allows it, or leave out --results.',
  },
  'MP-174': {
    cause: 'the results are too large for a ConfigMap',
    shows: 'Compressed, they are more than the 1 MiB that a ConfigMap may hold.',
    fix: 'Write the reports to a volume: mount one and name it with --report-dir.',
  },
  'MP-176': {
    cause: 'the Node of this machine cannot be put into an image',
    shows:
      'The npm package builds its image from the Node that runs it. A Node of a distribution often needs shared ' +
      'libraries of that distribution, which the image does not have.',
    fix: 'Use a Node of nodejs.org, or add one to the project: `npm install --save-dev node@24`.',
  },
  'MP-178': {
    cause: 'the packages of another processor could not be installed',
    shows: '`images build --harness --platform=…` could not download the npm packages or the Node of that platform.',
    fix: 'Check that npm packages can be downloaded, then run the same command again.',
  },
  'MP-177': {
    cause: 'the metrics cannot be served',
    shows: '`metrics` cannot listen on port 9464. Most often another program listens there.',
    fix: 'End the program that the port belongs to, or run `metrics` in a pod of its own, as the chart does.',
  },
} as const satisfies Record<string, CodeEntry>
