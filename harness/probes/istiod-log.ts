import type { KubeClient } from '#kube/client.ts'
import { messageOf, timeOf } from './istio-log.ts'

/** What kind of trouble istiod has with a cluster, by its log. */
export type Trouble = 'certificate' | 'unauthorized' | 'forbidden' | 'unreachable' | 'refused' | 'malformed' | 'taken'

/** Trouble with a cluster in istiod’s own words, and when it last said so. */
export type Complaint = { kind: Trouble; words: string; at: string }

const kinds: [Trouble, RegExp][] = [
  ['certificate', /x509:/],
  ['unauthorized', /\bUnauthorized\b|remote error: tls|the server has asked for the client to provide credentials/],
  ['forbidden', /is forbidden|cannot (?:list|watch|get|create) resource/],
  ['refused', /kubeconfig is not allowed|is not allowed$/],
  ['malformed', /kubeconfig (?:is empty|cannot be loaded|is not valid)|unable to load root cert|illegal base64/],
  ['taken', /has already been registered|would overwrite the config cluster/],
  [
    'unreachable',
    /(?:i\/o|handshake) timeout|deadline exceeded|connection re(?:fused|set)|no route to host|no such host|EOF\b/,
  ],
]

// What istiod said before it read the secret last is about an older secret. (`Add cluster: create … failed` is both.)
const reading = /processing \S+ \S+ event|\b(?:Add|Updat)\w* cluster\b/

/**
 * What an istiod says last of a cluster that its remote secret calls so, since it read the secret. What it said before
 * the secret was created (`created`) is about another one of that name. Undefined where it says nothing of the kind.
 */
export const complaintAbout = (
  log: string,
  cluster: string,
  secret: string,
  created?: string,
): Complaint | undefined => {
  const about = log
    .split('\n')
    .filter((line) => isAbout(line, cluster, secret) && (timeOf(line) === '' || timeOf(line) >= (created ?? '')))
  const since = about.findLastIndex((line) => reading.test(line))
  for (const line of about.slice(Math.max(0, since)).toReversed()) {
    const words = messageOf(line)
    const kind = kinds.find(([, pattern]) => pattern.test(words))?.[0]
    if (kind !== undefined) return { kind, words: words.slice(0, 400), at: timeOf(line) }
  }
  return undefined
}

/** The last time that istiod refused its mesh config or mesh networks, in its own words. */
export const refusedConfig = (log: string): { words: string; at: string } | undefined => {
  const line = log.split('\n').findLast((candidate) => /invalid mesh (?:config|networks), using last/.test(candidate))
  return line === undefined ? undefined : { words: messageOf(line).slice(0, 400), at: timeOf(line) }
}

/** The last of a container’s log: istiod’s, of so many lines at most. */
export const istiodLog = (kube: KubeClient, namespace: string, pod: string): Promise<string> =>
  kube.core.readNamespacedPodLog({ namespace, name: pod, container: 'discovery', tailLines: 5_000 })

// `watch error in cluster NAME: …`, `remote cluster NAME failed …`; labels: `cluster=NAME config=NAMESPACE/SECRET`.
const isAbout = (line: string, cluster: string, secret: string): boolean => {
  const name = cluster.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return (
    new RegExp(`\\bcluster[ =":]+${name}(?![\\w.-])`).test(line) ||
    new RegExp(`(?:remote config|secret|config=)\\W*\\S*/${secret.replaceAll('.', String.raw`\.`)}(?![\\w.-])`).test(
      line,
    )
  )
}
