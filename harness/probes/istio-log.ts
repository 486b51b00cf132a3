/** The words of a line in a log of Istio or Envoy, whether it is written for people or as JSON. */
export const messageOf = (line: string): string => {
  if (line.startsWith('{')) {
    try {
      const { msg } = JSON.parse(line) as { msg?: unknown }
      if (typeof msg === 'string') return msg
    } catch {
      /* a line that was cut: as it is */
    }
  }
  // time, level, scope where there is one, words, labels
  const [, , ...rest] = line.split('\t')
  return rest.length > 0 ? rest.join(' ') : line
}

/** When a line was written, to the second; empty where it does not say. */
export const timeOf = (line: string): string => /\d{4}-\d{2}-\d{2}T[\d:]+/.exec(line)?.[0] ?? ''

const isComplaint = (line: string): boolean =>
  /\t(?:warn|warning|error|critical|fatal)\t|^\{.*"level":"(?:warn|error|fatal)"|^(?:Error|panic|fatal error): /.test(
    line,
  )

// What the agent says for as long as something else is wrong.
const isConsequence = (words: string): boolean => /Envoy proxy is NOT ready|Readiness succeeded|^Usage/.test(words)

/** Envoy names the line of its own source before what it says. */
const withoutPlace = (words: string): string => words.replace(/^envoy \S+ \S+:\d+ /, 'envoy ')

/** What a program of Istio complained of last, in one line: rather what is wrong than what follows from it. */
export const lastComplaint = (log: string): string | undefined => {
  const complaints = log.split('\n').filter(isComplaint).map(messageOf).map(withoutPlace)
  return (complaints.findLast((words) => !isConsequence(words)) ?? complaints.at(-1))?.slice(0, 400)
}
