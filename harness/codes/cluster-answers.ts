import type { CodeEntry } from './entry.ts'

/** Errors in what clusters answer while they are worked with. */
export const clusterAnswerCodes = {
  'MP-401': {
    cause: 'something did not happen in time',
    shows: 'The message says what was waited for and how long, and the last reason why it was not so.',
    fix: 'Run again with --keep and look at it, or with a longer --timeout.',
  },
  'MP-402': {
    cause: 'the API server refused a request',
    shows:
      'The message holds the API server’s own words: a missing right, an object that is not valid, a webhook ' +
      'that fails.',
    fix: 'Do what the words ask for; look at the cluster with kubectl.',
  },
  'MP-403': {
    cause: 'a command or page of a pod was not reached',
    shows:
      'The channel into the pod failed, closed early, or gave no answer in time. A check that meets this is “not ' +
      'run”: it says nothing about the mesh.',
    fix: 'Run again. If it happens often, look at the load of the machine and of the API server.',
  },
  'MP-404': {
    cause: 'the API server does not know an object or its kind',
    shows:
      'The message holds the API server’s own words. An object may have been deleted meanwhile, or a custom ' +
      'resource is missing.',
    fix: 'Look at the cluster with kubectl; --keep leaves a lab and prints how.',
  },
  'MP-405': {
    cause: 'no pod of a workload is ready',
    shows: 'The message names the namespace and the labels of the pods.',
    fix: '`kubectl describe pod` shows what they wait for.',
  },
  'MP-406': {
    cause: 'an API server does not answer',
    shows: 'The connection to it fails. A check that meets this is “not run”: it says nothing about the mesh.',
    fix: 'Look whether the cluster still runs; the nodes of a lab are containers, which `docker ps` lists.',
  },
} as const satisfies Record<string, CodeEntry>
