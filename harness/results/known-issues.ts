import type { Attempt, CheckResult, Evidence, KnownIssue } from './results.ts'

/** A known defect: what a result says of it, the checks that meet it, and how their evidence shows it. */
type KnownDefect = KnownIssue & {
  checks: readonly string[]
  /** A piece of evidence that has this probe and these facts. Nothing but this defect may leave such a piece. */
  fingerprint: { probe: string; facts: Readonly<Record<string, unknown>> }
}

/**
 * The defects of releases that checks meet. A release is listed once somebody has seen the defect in it, or in its
 * source. A later release is not listed, so that a check that still fails there is a plain failure.
 */
export const knownDefects: readonly KnownDefect[] = [
  {
    issue: 'istio/istio#56355',
    url: 'https://github.com/istio/istio/issues/56355',
    title:
      'across networks, a cluster with pods in several zones weighs as much as its first zone alone: istiod names a ' +
      'gateway once for each zone, and Envoy keeps the first',
    // Reported for 1.30.2; the sources of 1.30 and 1.31 are the same in this, and its mending (#60835) is not merged.
    releases: ['1.30', '1.31'],
    checks: ['locality.weights'],
    fingerprint: { probe: 'zones that count', facts: { counted: 'the first zone alone' } },
  },
]

/**
 * The known issue that explains a failed check; undefined where none does. The check and every release of the control
 * planes must be listed, and every failed attempt must show the fingerprint.
 */
export const knownIssueOf = (
  { id, verdict, attempts }: Pick<CheckResult, 'id' | 'verdict' | 'attempts'>,
  defects: readonly KnownDefect[] = knownDefects,
): KnownIssue | undefined => {
  const failed = attempts.filter((attempt) => attempt.verdict === 'fail')
  if (verdict !== 'fail' || failed.length === 0) return undefined
  const defect = defects.find(
    ({ checks, fingerprint, releases }) =>
      checks.includes(id) &&
      failed.every((attempt) => isShown(fingerprint, attempt) && haveAll(releases, controlPlaneReleases(attempt))),
  )
  if (!defect) return undefined
  const { issue, url, title, releases } = defect
  return { issue, url, title, releases }
}

/** A known issue in a few words: `known issue istio/istio#56355`. */
export const knownIssueWords = ({ issue }: KnownIssue): string => `known issue ${issue}`

/** A known issue in a sentence: its number, the releases that have it, and what is wrong. */
export const knownIssueLine = (known: KnownIssue): string =>
  `${knownIssueWords(known)} (Istio ${known.releases.join(', ')}): ${known.title}`

/** The known issues that checks met, each once, with the ids of those checks. */
export const knownIssuesIn = (
  checks: readonly Pick<CheckResult, 'id' | 'knownIssue'>[],
): { known: KnownIssue; ids: string[] }[] => {
  const met = checks.flatMap(({ id, knownIssue }) => (knownIssue ? [{ id, known: knownIssue }] : []))
  return [...Map.groupBy(met, ({ known }) => known.issue).values()].flatMap((same) =>
    same.slice(0, 1).map(({ known }) => ({ known, ids: [...new Set(same.map(({ id }) => id))] })),
  )
}

const isShown = ({ probe, facts }: KnownDefect['fingerprint'], { evidence }: Attempt): boolean =>
  evidence.some(
    (piece) => piece.probe === probe && Object.entries(facts).every(([name, value]) => piece[name] === value),
  )

/** The releases of the control planes, as the probe `releases` recorded them. */
const controlPlaneReleases = ({ evidence }: Attempt): string[] =>
  evidence.filter(({ probe }) => probe === 'releases').flatMap(controlPlanesIn)

const controlPlanesIn = ({ running }: Evidence): string[] =>
  Array.isArray(running)
    ? (running as { istio?: unknown; envoy?: unknown }[]).flatMap(({ istio, envoy }) =>
        // A control plane has no Envoy.
        envoy === '' && typeof istio === 'string' ? [istio] : [],
      )
    : []

/** True where there are releases, and each is listed: `1.31` stands for itself, for 1.31.2 and for 1.31-dev. */
const haveAll = (listed: readonly string[], running: readonly string[]): boolean =>
  running.length > 0 && running.every((release) => listed.some((entry) => isOf(release, entry)))

const isOf = (release: string, entry: string): boolean =>
  release === entry || ['.', '-'].some((separator) => release.startsWith(`${entry}${separator}`))
