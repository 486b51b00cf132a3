/** The labels of a sample. */
export type Labels = Record<string, string>

/** One sample of a gauge. */
export type Sample = { labels: Labels; value: number }

/** One sample of a gauge. */
export const sample = (labels: Labels, value: number): Sample => ({ labels, value })

/** A sample for every possible verdict: 1 for the one that is present, 0 for the others. */
export const states = (labels: Labels, possible: readonly string[], present: string): Sample[] =>
  possible.map((verdict) => sample({ ...labels, verdict }, verdict === present ? 1 : 0))

/** A gauge with its samples, in Prometheus’ text format (prometheus.io, “Text-based format”). */
export const family = (name: string, help: string, samples: Sample[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(({ labels, value }) => `${name}${labelled(labels)} ${value}`),
    '',
  ].join('\n')

const labelled = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
