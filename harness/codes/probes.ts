import type { CodeEntry } from './entry.ts'

/** Errors of the probes: a probe that gives no account says nothing about the mesh. */
export const probeCodes = {
  'MP-601': {
    cause: 'a probe gave no account of what it did',
    shows:
      'curl or tcpdump printed nothing, was cut off, or did not see all that it was to watch. A check that meets ' +
      'this is “not run”: it says nothing about the mesh.',
    fix: 'Run again. If it happens often, look at the pod that the message names.',
  },
  'MP-602': {
    cause: 'everything is too slow for a verdict',
    shows:
      'A check or a probe failed, and a command that does nothing took two seconds or more in a pod of the mesh. ' +
      'What is late then looks like what is missing, so the check is “not run”, and `diagnose` does not judge ' +
      'what it saw.',
    fix:
      'Run again when the machine has more time. If it is always so slow, give the clusters more processors, or see ' +
      'what else runs there.',
  },
  'MP-603': {
    cause: 'the pods that a check deploys are not ready',
    shows:
      'A check deploys pods of its own, and they are not ready within a minute, or their service does not name them. ' +
      'The check is “not run”: it says nothing about the mesh.',
    fix: 'kubectl describe pod in the workloads’ namespace shows what they wait for. Run again.',
  },
  'MP-610': {
    cause: 'probes do not get what they expect before the upgrade begins',
    shows:
      'Within a minute, requests of the probes are not answered, or one that must be refused is answered. Nothing ' +
      'was changed yet.',
    fix: 'Run `meshproof test` with the same topology and release: its checks name what is wrong with the mesh.',
  },
  'MP-611': {
    cause: 'a probe’s account of a request cannot be read',
    shows: 'A line that curl wrote is not of the form that was asked for. The message holds the line.',
    fix: 'Use a curl of 8.16 or newer in the image of the role curl.',
  },
} as const satisfies Record<string, CodeEntry>
