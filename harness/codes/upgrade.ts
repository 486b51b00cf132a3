import type { CodeEntry } from './entry.ts'

/** What the verdict on an upgrade rests on. */
export const upgradeCodes = {
  'MP-931': {
    verdict: 'fail',
    cause: 'the clusters’ proxies do not trust each other: their certificates come from different roots',
    shows:
      'Requests between two clusters fail in both directions with a TLS error, or a check of certificates fails, ' +
      'from this phase on.',
    fix:
      'Compare root-cert.pem of cacerts in every cluster with what istiod signs with; a new root is brought in ' +
      'with both roots trusted first (--rotate-ca).',
    sources: ['istio/istio#31480', 'istio/istio#46600', 'istio/istio#47650', 'istio/istio#50459'],
  },
  'MP-932': {
    verdict: 'fail',
    cause: 'a gateway does not pass on the mesh’s services since its phase',
    shows:
      'In the phase of a gateway, requests to another network fail with “no route” or for the most part, and ' +
      'those within clusters do not.',
    fix:
      'istioctl proxy-config listeners and routes of the gateway: the Gateway with port 15443 must select the pods ' +
      'of the new one, and be of its revision.',
    sources: ['istio/istio#32848', 'istio/istio#56321', 'istio/istio#58840'],
  },
  'MP-933': {
    verdict: 'fail',
    cause: 'clients have lost the endpoints of another cluster',
    shows:
      'Requests to another cluster fail with “no healthy upstream”, or its answers come from elsewhere, from ' +
      'this phase on.',
    fix:
      'istioctl proxy-config endpoints of the client: look at network labels, meshNetworks, remote secrets and ' +
      'PILOT_ variables of the new istiod.',
    sources: ['istio/istio#33256', 'istio/istio#60920', 'istio/istio#61043'],
  },
  'MP-934': {
    verdict: 'fail',
    cause: 'proxies of the old release are left although the old control plane is removed',
    shows: 'After the old control plane is removed, the report lists proxies that still run its release.',
    fix:
      'Restart the workloads before the old control plane is removed: nobody configures such a proxy or renews its ' +
      'certificate.',
    sources: ['istio/istio#51612'],
  },
  'MP-935': {
    verdict: 'fail',
    cause: 'new pods do not get a sidecar of the new release: a webhook was left on the old one',
    shows: 'New pods get no sidecar, or one of the old release.',
    fix:
      'Look at the mutating webhooks of that cluster: the revision in their address and selectors, and their ' +
      'caBundle; install the remote profile with the new revision.',
    sources: ['istio/istio#34867', 'istio/istio#47552', 'istio/istio#33317'],
  },
  'MP-936': {
    verdict: 'fail',
    cause: 'mutual TLS is no longer required: plaintext was answered',
    shows: 'A request in plaintext, which must be refused, was answered.',
    fix: 'Look for a PeerAuthentication that the upgrade changed or removed, in the root namespace first.',
  },
  'MP-937': {
    verdict: 'fail',
    cause: 'an identity that must be refused was answered',
    shows: 'A request under an identity that an AuthorizationPolicy refuses was answered.',
    fix:
      'Look at the AuthorizationPolicy of the workload, and whether its proxy got it: istioctl proxy-config ' +
      'listeners.',
    sources: ['istio/istio#47130'],
  },
  'MP-938': {
    verdict: 'fail',
    cause:
      'the workload does not drain: requests were lost while its own pods were restarted, which is not the ' +
      'mesh’s doing',
    shows: 'Requests were lost at the very moment at which a pod of the service itself ended.',
    fix:
      'Let the workload finish what it has begun: a preStop pause, a graceful end on SIGTERM, and ' +
      'EXIT_ON_ZERO_ACTIVE_CONNECTIONS for its sidecar.',
  },
  'MP-939': {
    verdict: 'fail',
    cause: 'a proxy or control plane runs another release than it should after its phase',
    shows: 'The report lists what runs another release than its phase calls for.',
    fix:
      'istioctl proxy-status shows who runs what; restart what was left behind, and look at the image that its ' +
      'injector sets.',
  },
  'MP-941': {
    verdict: 'fail',
    cause: 'requests were lost although Istio tries them again',
    shows: 'Requests were lost, with Istio’s two retries, in a phase that restarts workloads or gateways.',
    fix: 'The classes and the nearest events say where: see the losses in the timeline of report.html.',
    sources: ['istio/istio#57878'],
  },
  'MP-942': {
    verdict: 'fail',
    cause: 'requests were lost in a phase that restarts no proxy',
    shows: 'Requests were lost in a phase that changes control planes, secrets or the root alone.',
    fix:
      'Look at what the control plane sent then: istiod’s log, and the proxies’ logs at the time of the first ' +
      'loss.',
  },
  'MP-943': {
    verdict: 'fail',
    cause: 'more requests were lost without retries than the budget allows',
    shows: 'The share of lost requests without retries is above --max-loss.',
    fix: 'Give gateways two replicas, a preStop pause and a disruption budget; --max-loss sets another budget.',
  },
  'MP-944': {
    verdict: 'fail',
    cause: 'requests were lost, and there was no good answer for longer than the budget allows',
    shows: 'Between two good answers passed more time than --max-gap, and requests were lost.',
    fix:
      'See the gap in the timeline: something was restarted without a ready replacement. --max-gap sets another ' +
      'budget.',
  },
  'MP-945': {
    verdict: 'fail',
    cause: 'long answers broke, and no pod on their way was restarted',
    shows: 'A long answer ended early, and no pod of the client, of the server or of a gateway ended then.',
    fix:
      'A proxy closed its connections: a listener or cluster was replaced; compare its configuration before and ' +
      'after the phase.',
  },
  'MP-946': {
    verdict: 'fail',
    cause: 'answers came from a version that must not answer',
    shows: 'Some answers came from another cluster’s version than the probe asked for.',
    fix: 'Look at the routes and endpoints of the client: another cluster’s workload took its place.',
  },
  'MP-947': {
    verdict: 'fail',
    cause: 'a subset that does not exist was answered',
    shows: 'A request to a subset without pods, which must fail, was answered.',
    fix: 'Look at VirtualServices and DestinationRules of the host: clients of the new release route around them.',
  },
  'MP-948': {
    verdict: 'fail',
    cause: 'a check of the mesh fails',
    shows: 'A check fails after a phase, and names no cause of its own.',
    fix: 'The evidence of the check in results.json says what was seen.',
  },
  'MP-949': {
    verdict: 'fail',
    cause: 'a step of the upgrade did not succeed',
    shows: 'A step of a phase failed: the upgrade ends there, and later phases are “not run”.',
    fix: 'The step’s error says what it waited for; the support bundle holds what the pods said.',
  },
  'MP-951': {
    verdict: 'inconclusive',
    cause: 'requests were lost before the upgrade began',
    shows: 'Requests were lost at the baseline, before anything was changed. The verdict stays open.',
    fix: 'Find out why with `meshproof test` first: what a probe loses later cannot be told from what it lost before.',
  },
  'MP-952': {
    verdict: 'inconclusive',
    cause: 'a probe itself was silent, so nothing is known of that time',
    shows: 'A probe neither sent nor waited for more than two seconds. The verdict stays open.',
    fix: 'Run again on a machine with less to do; see that the probe’s pods were not evicted or restarted.',
  },
  'MP-953': {
    verdict: 'inconclusive',
    cause: 'the host stood still: traffic that no mesh is part of stopped too',
    shows: 'Requests outside the mesh stopped at the same time as those inside. The verdict stays open.',
    fix: 'Run again on a machine with less to do: what was lost at that very time is no verdict on the mesh.',
  },
  'MP-954': {
    verdict: 'inconclusive',
    cause: 'a probe sent too few requests to tell',
    shows: 'A probe has fewer than two hundred requests in a phase. The verdict stays open.',
    fix: 'A phase needs 200 of every probe: run again on a machine with less to do.',
  },
  'MP-955': {
    verdict: 'inconclusive',
    cause: 'a check could not be asked',
    shows: 'A check after a phase is “not run”, or ran only while the host stood still. The verdict stays open.',
    fix: 'Its reason says what stood in the way; run again.',
  },
  'MP-956': {
    verdict: 'inconclusive',
    cause: 'the mesh of the old release did not come up',
    shows: 'A step of the lab failed before the upgrade began. The verdict stays open.',
    fix: 'Its steps fail before anything was upgraded: run `meshproof test` with that release first.',
  },
  'MP-957': {
    verdict: 'warn',
    cause: 'answers became slower than before the upgrade',
    shows:
      'Between two clusters, the slowest answers (p99) took longer than at the baseline: above --max-p99-ratio, by ' +
      '50 ms or more, by more than traffic outside the mesh, and in most seconds. Seconds in which the machine was ' +
      'shorter of processor time than in the calmer half of the baseline do not count. A warning: the upgrade stays ' +
      'green.',
    fix: 'Compare the proxies’ CPU and configuration with before. --max-p99-ratio sets another limit.',
  },
  'MP-958': {
    verdict: 'warn',
    cause: 'a check passed only when it was tried again',
    shows: 'A check failed at first and passed at the second attempt. A warning: the upgrade stays green.',
    fix: 'Something settles slowly after the phase: see the attempts of the check.',
  },
} as const satisfies Record<string, CodeEntry & { verdict: 'fail' | 'inconclusive' | 'warn' }>
