import type { PhaseId, UpgradeFinding } from '#results/results.ts'

/**
 * What a code of an upgrade means: what is wrong and what to do about it; docs/codes.md is made from this. `threads`
 * tell of meshes it happened to.
 */
export type UpgradeCause = { verdict: UpgradeFinding['verdict']; cause: string; hint: string; threads?: string }

/**
 * What an upgrade’s verdict can rest on, by its stable code (facts of upgrades, “Verdict”). MP-93x name a cause,
 * MP-94x say what was lost where none is known, MP-95x are what leaves a verdict open, or green with something to look
 * at.
 */
export const upgradeFindings = {
  'MP-931': {
    verdict: 'fail',
    cause: 'the clusters’ proxies do not trust each other: their certificates come from different roots',
    hint:
      'Compare root-cert.pem of cacerts in every cluster with what istiod signs with; a new root is brought in ' +
      'with both roots trusted first (--rotate-ca).',
    threads: 'istio/istio#31480, istio/istio#46600, istio/istio#47650, istio/istio#50459',
  },
  'MP-932': {
    verdict: 'fail',
    cause: 'a gateway does not pass on the mesh’s services since its phase',
    hint:
      'istioctl proxy-config listeners and routes of the gateway: the Gateway with port 15443 must select the pods ' +
      'of the new one, and be of its revision.',
    threads: 'istio/istio#32848, istio/istio#56321, istio/istio#58840',
  },
  'MP-933': {
    verdict: 'fail',
    cause: 'clients have lost the endpoints of another cluster',
    hint:
      'istioctl proxy-config endpoints of the client: look at network labels, meshNetworks, remote secrets and ' +
      'PILOT_ variables of the new istiod.',
    threads: 'istio/istio#33256, istio/istio#60920, istio/istio#61043',
  },
  'MP-934': {
    verdict: 'fail',
    cause: 'proxies of the old release are left although the old control plane is removed',
    hint:
      'Restart the workloads before the old control plane is removed: nobody configures such a proxy or renews its ' +
      'certificate.',
    threads: 'istio/istio#51612',
  },
  'MP-935': {
    verdict: 'fail',
    cause: 'new pods do not get a sidecar of the new release: a webhook was left on the old one',
    hint:
      'Look at the mutating webhooks of that cluster: the revision in their address and selectors, and their ' +
      'caBundle; install the remote profile with the new revision.',
    threads: 'istio/istio#34867, istio/istio#47552, istio/istio#33317',
  },
  'MP-936': {
    verdict: 'fail',
    cause: 'mutual TLS is no longer required: plaintext was answered',
    hint: 'Look for a PeerAuthentication that the upgrade changed or removed, in the root namespace first.',
  },
  'MP-937': {
    verdict: 'fail',
    cause: 'an identity that must be refused was answered',
    hint:
      'Look at the AuthorizationPolicy of the workload, and whether its proxy got it: istioctl proxy-config ' +
      'listeners.',
    threads: 'istio/istio#47130',
  },
  'MP-938': {
    verdict: 'fail',
    cause:
      'the workload does not drain: requests were lost while its own pods were restarted, which is not the ' +
      'mesh’s doing',
    hint:
      'Let the workload finish what it has begun: a preStop pause, a graceful end on SIGTERM, and ' +
      'EXIT_ON_ZERO_ACTIVE_CONNECTIONS for its sidecar.',
  },
  'MP-939': {
    verdict: 'fail',
    cause: 'a proxy or control plane runs another release than it should after its phase',
    hint:
      'istioctl proxy-status shows who runs what; restart what was left behind, and look at the image that its ' +
      'injector sets.',
  },

  'MP-941': {
    verdict: 'fail',
    cause: 'requests were lost although Istio tries them again',
    hint: 'The classes and the nearest events say where: see the losses in the timeline of report.html.',
    threads: 'istio/istio#57878',
  },
  'MP-942': {
    verdict: 'fail',
    cause: 'requests were lost in a phase that restarts no proxy',
    hint:
      'Look at what the control plane sent then: istiod’s log, and the proxies’ logs at the time of the first ' +
      'loss.',
  },
  'MP-943': {
    verdict: 'fail',
    cause: 'more requests were lost without retries than the budget allows',
    hint: 'Give gateways two replicas, a preStop pause and a disruption budget; --max-loss sets another budget.',
  },
  'MP-944': {
    verdict: 'fail',
    cause: 'requests were lost, and there was no good answer for longer than the budget allows',
    hint:
      'See the gap in the timeline: something was restarted without a ready replacement. --max-gap sets another ' +
      'budget.',
  },
  'MP-945': {
    verdict: 'fail',
    cause: 'long answers broke, and no pod on their way was restarted',
    hint:
      'A proxy closed its connections: a listener or cluster was replaced; compare its configuration before and ' +
      'after the phase.',
  },
  'MP-946': {
    verdict: 'fail',
    cause: 'answers came from a version that must not answer',
    hint: 'Look at the routes and endpoints of the client: another cluster’s workload took its place.',
  },
  'MP-947': {
    verdict: 'fail',
    cause: 'a subset that does not exist was answered',
    hint: 'Look at VirtualServices and DestinationRules of the host: clients of the new release route around them.',
  },
  'MP-948': {
    verdict: 'fail',
    cause: 'a check of the mesh fails',
    hint: 'The evidence of the check in results.json says what was seen.',
  },
  'MP-949': {
    verdict: 'fail',
    cause: 'a step of the upgrade did not succeed',
    hint: 'The step’s error says what it waited for; the support bundle holds what the pods said.',
  },

  'MP-951': {
    verdict: 'inconclusive',
    cause: 'requests were lost before the upgrade began',
    hint: 'Find out why with `meshproof test` first: what a probe loses later cannot be told from what it lost before.',
  },
  'MP-952': {
    verdict: 'inconclusive',
    cause: 'a probe itself was silent, so nothing is known of that time',
    hint: 'Run again on a machine with less to do; see that the probe’s pods were not evicted or restarted.',
  },
  'MP-953': {
    verdict: 'inconclusive',
    cause: 'the host stood still: traffic that no mesh is part of stopped too',
    hint: 'Run again on a machine with less to do: what was lost at that very time is no verdict on the mesh.',
  },
  'MP-954': {
    verdict: 'inconclusive',
    cause: 'a probe sent too few requests to tell',
    hint: 'A phase needs 200 of every probe: run again on a machine with less to do.',
  },
  'MP-955': {
    verdict: 'inconclusive',
    cause: 'a check could not be asked',
    hint: 'Its reason says what stood in the way; run again.',
  },
  'MP-956': {
    verdict: 'inconclusive',
    cause: 'the mesh of the old release did not come up',
    hint: 'Its steps fail before anything was upgraded: run `meshproof test` with that release first.',
  },
  'MP-957': {
    verdict: 'warn',
    cause: 'answers became slower than before the upgrade',
    hint:
      'Where traffic outside the mesh became slower as well, the machine had too little to give; else compare the ' +
      'proxies’ CPU and configuration with before. --max-p99-ratio sets another limit.',
  },
  'MP-958': {
    verdict: 'warn',
    cause: 'a check passed only when it was tried again',
    hint: 'Something settles slowly after the phase: see the attempts of the check.',
  },
} as const satisfies Record<string, UpgradeCause>

export type UpgradeCode = keyof typeof upgradeFindings

/**
 * What was found in a phase, as results.json tells it: the code’s cause and hint, or those that are given, with what
 * was seen.
 */
export const found = (
  code: UpgradeCode,
  phase: PhaseId,
  seen: string,
  of: Partial<Pick<UpgradeFinding, 'cause' | 'hint' | 'probe' | 'check'>> = {},
): UpgradeFinding => {
  const { verdict, cause, hint } = upgradeFindings[code]
  return { verdict, phase, code, cause, hint, seen, ...of }
}

/**
 * Whether a finding is of a cause that goes on until somebody mends it: what is lost between clusters afterwards
 * follows from it.
 */
export const isLasting = ({ code }: { code: string }): boolean => ['MP-931', 'MP-932', 'MP-933'].includes(code)
