import type { CodeEntry } from './entry.ts'

/** Errors of making and removing a lab of kind clusters. */
export const labCodes = {
  'MP-352': {
    cause: 'a cluster runs another version of Kubernetes than its images are said to be',
    shows: 'The node image holds another version than the file of pins says; the message names both.',
    fix: 'Correct `kubernetes` in the file of pins, or choose a node image of that version.',
  },
  'MP-410': {
    cause: 'not everything of a lab could be removed',
    shows: 'The message lists what is left, and the first reason.',
    fix: 'Run `meshproof down`, which removes what runs have left.',
  },
  'MP-411': {
    cause: 'the engine’s network does not fit the topology',
    shows: 'Its range overlaps a pod or service range of a cluster, or it has no IPv4 range.',
    fix:
      'Set the engine’s default-address-pools to an IPv4 range outside of 10.0.0.0/8, or change the ranges in ' +
      'the topology file.',
  },
  'MP-412': {
    cause: 'the engine’s network is too small',
    shows: 'Load balancers need 16 addresses for each cluster, and the network has no room for them.',
    fix: 'Let the engine’s default-address-pools hand out networks of /24 or larger.',
  },
  'MP-413': {
    cause: 'the engine has no address range left for a network',
    shows: 'Every lab has a network of its own. The engine’s default-address-pools hold about 30 networks in all.',
    fix:
      'Run `docker network prune`, which removes the networks that no container uses, or add a range to the ' +
      'engine’s default-address-pools.',
  },
  'MP-414': {
    cause: 'a run is using the kept lab that `down` was asked to remove',
    shows: 'A run with --reuse has not ended. The message names its process. The lab stays.',
    fix: 'Wait for that run, or stop it. `meshproof down --all` deletes the lab under it.',
  },
  'MP-420': {
    cause: 'a cluster of that name exists and is not ours',
    shows: 'A container has the name of a node that the run would make, and belongs to another. Nothing was touched.',
    fix: 'Run again: every run has a name of its own.',
  },
  'MP-421': {
    cause: 'kind could not create a cluster',
    shows: 'The message holds kind’s own words.',
    fix: '`meshproof doctor` shows what this machine lacks; with --keep, `docker logs` of the node says more.',
  },
  'MP-430': {
    cause: 'kube-proxy did not write its rules in time',
    shows: 'The rules of kube-proxy are not in the node 90 s after it started, so no pod gets a network.',
    fix: 'Run again with --keep and look at the kube-proxy pod in kube-system.',
  },
  'MP-541': {
    cause: 'a node came back with another address',
    shows:
      'resilience.node-restart restarts a node, and the engine gave it another address. This says nothing about ' +
      'the mesh.',
    fix: 'Make a new lab and run again.',
  },
} as const satisfies Record<string, CodeEntry>
