import type { CodeEntry } from './entry.ts'

/** Errors of `test --contexts` and `diagnose`: clusters that somebody else made. */
export const existingClusterCodes = {
  'MP-115': {
    cause: 'the contexts are not one for each cluster',
    shows: 'There are fewer than two, one is named twice, or two of them lead to the same cluster.',
    fix: 'Name every cluster of the mesh once: --contexts=A,B. `kubectl config get-contexts` lists the contexts.',
  },
  'MP-116': {
    cause: 'the kubeconfig cannot be read',
    shows: 'The message names the file and what is wrong with it.',
    fix: 'Name a file with --kubeconfig, several joined by “:”.',
  },
  'MP-117': {
    cause: 'a cluster cannot be looked at',
    shows:
      'Its API server does not answer, or does not let you list namespaces and what is in Istio’s root ' +
      'namespace. The message says which.',
    fix: 'Try `kubectl --context=CONTEXT get namespaces` until it answers.',
  },
  'MP-118': {
    cause: 'a cluster has no Istio',
    shows: 'The cluster has no root namespace of Istio, or neither an istiod nor a sidecar injector.',
    fix: 'Name clusters that belong to a mesh. meshproof never installs Istio on clusters that it did not create.',
  },
  'MP-119': {
    cause: 'a cluster has another release of the Gateway API, or none',
    shows:
      'The definitions of the Gateway API in the cluster are not of the release that meshproof pins for ' +
      '`--gateways=gateway-api`. They are not replaced, because others may use them.',
    fix: 'Install the pinned release, which the message names, or leave out `--gateways`.',
  },
  'MP-120': {
    cause: 'the probe’s namespace exists and is not ours',
    shows: '`diagnose --probe` finds a namespace of the name that it uses, without the label that it sets.',
    fix: 'Rename that namespace, or diagnose without --probe.',
  },
  'MP-121': {
    cause: 'no proxy has an image that the probe could use',
    shows: '`diagnose --probe` takes the image of a proxy that runs in the mesh, and no cluster has a proxy.',
    fix: 'Deploy a workload with a sidecar first.',
  },
  'MP-122': {
    cause: 'there is nothing to judge a layer by',
    shows:
      '`diagnose` says “not judged” for that layer, since no pod with a proxy is ready from which to look; its ' +
      'exit code is 2 if nothing broken is found.',
    fix: 'Deploy a workload with a sidecar in every cluster, with its service.',
  },
  'MP-140': {
    cause: 'a namespace of our name exists and is not ours',
    shows: 'The run ends before anything is made: the namespace lacks the label that meshproof sets on its own.',
    fix: 'Rename or remove that namespace. meshproof works in namespaces that it makes itself and touches no others.',
  },
  'MP-142': {
    cause: 'you may not do what the checks need',
    shows: 'The message lists the rights that are missing, cluster by cluster. Nothing was made.',
    fix:
      'Ask for these rights; all but namespaces are needed in our own namespaces alone. `kubectl auth can-i` shows ' +
      'what you have.',
  },
  'MP-143': {
    cause: 'our workloads do not come up',
    shows:
      'Within three minutes the pods of the checks are not ready. The message says what a cluster says of them: ' +
      'refused, no room, or an image that cannot be pulled.',
    fix:
      'Make room for five small pods, let them run, and let the cluster pull their images; --images=release or ' +
      '--images=source names others.',
  },
  'MP-144': {
    cause: 'another run is at work in a cluster',
    shows:
      'A namespace of meshproof belongs to a run that may still be going. The message names the run and its owner.',
    fix: 'Wait for it. If it is gone, `meshproof down --all --run=ID --contexts=…` removes what it left.',
  },
  'MP-145': {
    cause: 'these clusters cannot be tested together',
    shows:
      'They are more than four, or two of them have the same name in Istio, or only one of them has workloads of ' +
      'the mesh.',
    fix: 'Name two to four with --contexts, or give each cluster a global.multiCluster.clusterName of its own.',
  },
  'MP-146': {
    cause: 'our namespaces are still there after the run',
    shows: 'Two minutes after they were deleted, the namespaces of the run are not gone from a cluster.',
    fix: '`kubectl get namespace NAME -o yaml` shows what it waits for. The next run on these clusters removes it.',
  },
  'MP-147': {
    cause: 'Istio is in another namespace than the one that was looked in',
    shows: 'Nothing of Istio is in the namespace, and a control plane or injector of the cluster is in another one.',
    fix:
      'Name the namespace of the message with --istio-namespace. A mesh has the same root namespace in all its ' +
      'clusters.',
    sources: ['seed 002'],
  },
  'MP-148': {
    cause: 'the gateways between networks pass on other namespaces than ours',
    shows:
      'The Gateways of a network name the hosts of some namespaces, and that of meshproof is not among them. No ' +
      'request to its services would cross to that network, although nothing is broken.',
    fix:
      'Add the host that the message names to the Gateway while meshproof works, or `diagnose` the mesh without ' +
      '--probe, which needs no namespace of its own.',
  },
} as const satisfies Record<string, CodeEntry>
