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

/** The text of a `metrics.prom`, and the folder that it is from. */
export type MetricsOfFolder = { folder: string; text: string }

/**
 * Several texts that `family` has made, as one text: the format allows a metric in one place alone. A metric that
 * several folders have gets the label `folder`, so that their series differ. A metric of one folder stays as it is.
 */
export const joined = (texts: readonly MetricsOfFolder[]): string => {
  const families = texts.flatMap(({ folder, text }) =>
    text.split(/^(?=# HELP )/m).flatMap((part) => {
      const [name] = /^# HELP \S+/.exec(part) ?? []
      return part === '' ? [] : [{ folder, name: name ?? `${folder} ${part}`, part }]
    }),
  )
  return [...Map.groupBy(families, ({ name }) => name).values()]
    .flatMap(([first, ...others]) => {
      if (first === undefined) return []
      if (others.length === 0) return [first.part]
      const [head, samples] = [first.part.match(/^# .*\n/gm) ?? [], [first, ...others].flatMap(samplesWithFolder)]
      return [...head, ...samples]
    })
    .join('')
}

/** The lines of the samples of a family, with the label of its folder. */
const samplesWithFolder = ({ folder, part }: { folder: string; part: string }): string[] =>
  (part.match(/^[^#].*\n/gm) ?? []).map((line) => {
    const [, name = '', labels, value = ''] = /^(\w+)(?:\{(.*)\})? (\S+\n)$/.exec(line) ?? []
    const pairs = [labels, `folder="${escaped(folder)}"`].filter(Boolean).join(',')
    return `${name}{${pairs}} ${value}`
  })

const labelled = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
