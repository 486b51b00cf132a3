/** A sample of a text in Prometheus’ format. */
export type Parsed = { name: string; labels: Record<string, string>; value: number }

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelPair = String.raw`[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*"`
const labelList = String.raw`(?:${labelPair}(?:,(?!\})|(?=\})))*`
const number = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`
const helpLine = new RegExp(String.raw`^# HELP (${metricName}) (?:[^\\]|\\[\\n])+$`)
const typeLine = new RegExp(`^# TYPE (${metricName}) (counter|gauge|histogram|summary|untyped)$`)
const sampleLine = new RegExp(String.raw`^(${metricName})(?:\{(${labelList})\})? (${number})$`)

/**
 * Reads Prometheus’ text format as strictly as its documentation has it: every line, one group a metric with its head
 * first, no series twice.
 */
export const parse = (text: string): Parsed[] => {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const typed = new Map<string, string>()
  const [series, samples] = [new Set<string>(), [] as Parsed[]]
  let group = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = helpLine.exec(line)?.[1]
    const [, metric, type] = typeLine.exec(line) ?? []
    const [, name, labels = '', value = ''] = sampleLine.exec(line) ?? []
    if (help !== undefined) {
      if (typed.has(help)) throw new Error(`${help} is in two groups`)
      group = help
    } else if (metric !== undefined && type !== undefined) {
      if (typed.has(metric) || metric !== group) throw new Error(`the type of ${metric} is out of place`)
      typed.set(metric, type)
    } else if (name !== undefined) {
      if (name !== group || !typed.has(name)) throw new Error(`a sample of ${name} is out of its group`)
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, key = '', quoted = '']) =>
          [key, quoted.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))] as const,
      )
      const key =
        `${name} ` +
        JSON.stringify(Object.entries(Object.fromEntries(pairs)).toSorted(([a], [b]) => a.localeCompare(b)))
      if (series.has(key) || new Set(pairs.map(([label]) => label)).size < pairs.length)
        throw new Error(`twice: ${line}`)
      series.add(key)
      samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
    } else throw new Error(`not of the format: ${line}`)
  }
  return samples
}
