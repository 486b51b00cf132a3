import type { CodeEntry } from './entry.ts'

/** Errors of `upgrade` before anything is changed: its flags, and what it refuses to begin with. */
export const upgradeRefusalCodes = {
  'MP-123': {
    cause: 'there is no upgrade to compare with',
    shows: '`--compare` was given a file of another name than results.json, or results in which there is no upgrade.',
    fix: 'Give --compare the report folder of an earlier `meshproof upgrade`, or its results.json.',
  },
  'MP-124': {
    cause: 'the earlier run upgraded another topology',
    shows: 'The message names the topologies of the run that `--compare` was given.',
    fix: 'Compare with an earlier upgrade of the same topology and the same --mtls.',
  },
  'MP-125': {
    cause: 'a fault cannot happen in this upgrade',
    shows: '`--fault` names a fault that needs another topology or strategy. The message says why.',
    fix: 'Choose another topology, strategy or fault.',
  },
  'MP-126': {
    cause: 'both releases are the same',
    shows: '`--from` and `--to` name one release, so there is nothing to upgrade.',
    fix: 'Name two releases. `meshproof images list` shows those that are built here.',
  },
  'MP-150': {
    cause: 'an upgrade is refused for several reasons',
    shows: 'The message lists every reason with its own code (MP-151 to MP-160) and next step. Nothing was changed.',
    fix: 'Put all of them right, and run the same command again.',
  },
  'MP-151': {
    cause: 'the step between the releases is too long',
    shows:
      'In place, a control plane may advance by one minor version; by revision, by two. The code also stands for a ' +
      'version that cannot be compared with another.',
    fix: 'Upgrade to a minor version between them first, or use --strategy=revision. Name releases as 1.30.4.',
  },
  'MP-152': {
    cause: 'that is a downgrade',
    shows:
      '`--to` is older than `--from`: proxies would be ahead of their control plane, which Istio does not support.',
    fix: 'Exchange --from and --to. The way back from an upgrade is tried with --rollback.',
  },
  'MP-153': {
    cause: 'a release of Istio does not support that version of Kubernetes',
    shows: 'The message says which versions each release supports, or that they are not known of a release.',
    fix:
      'Choose a supported pair with --kubernetes or --istio; where no version fits both releases, upgrade in ' +
      'shorter steps.',
    sources: ['istio.io, “Supported releases”'],
  },
  'MP-154': {
    cause: 'the certificates of the mesh are broken before the upgrade',
    shows:
      'Roots differ between clusters, in cacerts or in what live proxies hold, or certificates do not fit ' +
      'together. The message says which.',
    fix: 'Do what the message says first. `meshproof diagnose` shows the same with its own code (MP-84x).',
  },
  'MP-155': {
    cause: 'a certificate authority ends too soon to upgrade with',
    shows: 'An intermediate has less than 48 h left, or a root less than 96 h; or an authority is not valid yet.',
    fix:
      'Replace the intermediate in cacerts and restart istiod and the workloads, or rotate the root in its three ' +
      'steps; then upgrade.',
  },
  'MP-156': {
    cause: 'a certificate among the authorities may not sign others',
    shows:
      'It is no CA certificate, or lacks the key usage keyCertSign. A new istiod looks closer than an old one: it ' +
      'refuses to sign, or does not start.',
    fix: 'Make cacerts again, of CA certificates with the key usage keyCertSign, the chain ending in the root.',
    sources: ['istio/istio#42115'],
  },
  'MP-157': {
    cause: 'an east-west gateway has no second replica',
    shows: 'While its only pod is replaced, nothing crosses networks.',
    fix:
      'Scale it to two. Set replicas and autoscaling in its operator file as well, since installing it again ' +
      'resets them.',
  },
  'MP-158': {
    cause: 'another control plane gets in the way of the upgrade',
    shows: 'The revision that the upgrade would install is there already, or two control planes run beside each other.',
    fix: 'Finish or remove the earlier upgrade: move every namespace, then `istioctl uninstall --revision=NAME`.',
  },
  'MP-159': {
    cause: 'injectors of two revisions would inject the same namespace',
    shows: 'The message names the namespace and both webhooks. The order of their names decides which one injects.',
    fix: 'Label the namespace for one of them (istio-injection or istio.io/rev), or remove the other.',
  },
  'MP-160': {
    cause: 'not everything runs the release to upgrade from',
    shows: 'The message lists proxies and control planes of another release than `--from`.',
    fix: 'Bring everything to one release first, and restart what was left behind.',
  },
} as const satisfies Record<string, CodeEntry>
