import type { CodeEntry } from './entry.ts'

/** Errors of `judge`: other projects’ tests, run on a mesh. */
export const judgeCodes = {
  'MP-370': {
    cause: 'the program of a judge cannot be had',
    shows:
      'The run ends before anything is made. The message names the Go module of the judge, and says why it cannot be ' +
      'downloaded or built.',
    fix:
      'A judge is built from its Go module, whatever --images says: install Go 1.26 or newer, and let it reach a ' +
      'module proxy (GOPROXY).',
  },
  'MP-371': {
    cause: 'a cluster cannot start the image of echo',
    shows:
      'Judges and checks of protocols ask echo, Istio’s test server. A pod with its image does not start, or a ' +
      'node does not take the image; the message names it, and what the cluster says of it. They did not run.',
    fix: 'Push the image to a registry that the clusters can pull from, and name it with --echo-image.',
  },
  'MP-372': {
    cause: 'you may not do what a judge needs',
    shows: 'The message lists the rights that are missing, cluster by cluster. Nothing was made.',
    fix: 'Ask for these rights. `kubectl auth can-i` shows what you have.',
  },
  'MP-373': {
    cause: 'a cluster lacks the definitions of the Gateway API that a judge needs',
    shows: 'An existing cluster has no Gateway API, or another release than the one that is judged. Nothing was made.',
    fix:
      'Install the standard channel of the release that the message names. meshproof installs it in its own labs ' +
      'only: the definitions belong to the whole cluster.',
  },
  'MP-375': {
    cause: 'checks of protocols have no image of echo',
    shows:
      'The patterns of --suite name checks of protocols, and the clusters have no image of Istio’s echo: published ' +
      'releases have none, and into existing clusters none is loaded. Nothing was made.',
    fix:
      'Name an image of echo that the clusters can pull with --echo-image; Istio builds it as `app`. Without the ' +
      'patterns, these checks do not run.',
  },
  'MP-376': {
    cause: 'Istio’s own tests judge labs only',
    shows: 'Existing clusters are to be judged by Istio’s integration tests. Nothing was made.',
    fix:
      'These tests change the mesh configuration and the policies of the root namespace. Judge existing clusters ' +
      'with --with=gateway-api, and a lab with Istio’s tests.',
  },
} as const satisfies Record<string, CodeEntry>
